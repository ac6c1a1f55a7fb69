// Reads the page's data. A node with Api:Token asks for it; the token is kept in this page's memory only.

import { byId } from './dom.js';

const base = '../api/console/';
const pause = 2000;
let token = null;

function askForToken() {
    const dialog = byId('token-dialog');
    dialog.showModal();
    byId('token').focus();
    return new Promise(resolve => {
        const use = () => {
            token = byId('token').value;
            dialog.close();
        };
        byId('token-use').onclick = use;
        byId('token').onkeydown = event => {
            if (event.key === 'Enter') use();
        };
        dialog.onclose = resolve;
    });
}

async function request(path, signal) {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    const response = await fetch(base + path, { headers, signal, cache: 'no-store', credentials: 'omit' });
    if (response.status === 401) {
        await askForToken();
        return request(path, signal);
    }
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return response;
}

export const getJson = async (path, signal) => (await request(path, signal)).json();

export const getText = async (path, signal) => (await request(path, signal)).text();

/** Reads server-sent events until the stream ends; of several that wait, only the latest counts. */
async function read(stream, onView) {
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        const events = (rest + value).split('\n\n');
        rest = events.pop();
        const data = events
            .at(-1)
            ?.split('\n')
            .find(line => line.startsWith('data: '));
        if (data) onView(JSON.parse(data.slice(6)));
    }
}

/** Calls onView with each view, and onLost whenever there will be none for a while. */
export async function follow(onView, onLost) {
    for (;;) {
        try {
            await read((await request('events')).body, onView);
        } catch (error) {
            console.info(`The stream ended: ${error.message}`);
        }
        onLost();
        await new Promise(resolve => setTimeout(resolve, pause));
    }
}
