// Light or dark: the system's choice until the reader makes one.

import { byId, setText } from './dom.js';

const dark = matchMedia('(prefers-color-scheme: dark)');
const listeners = [];
let chosen = null;

export const onTheme = listener => listeners.push(listener);

export const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function apply() {
    const theme = chosen ?? (dark.matches ? 'dark' : 'light');
    document.documentElement.dataset.theme = theme;
    setText(byId('theme'), theme === 'dark' ? 'Light' : 'Dark');
    for (const listener of listeners) listener();
}

export function startTheme() {
    dark.addEventListener('change', apply);
    byId('theme').addEventListener('click', () => {
        chosen = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
        apply();
    });
    apply();
}
