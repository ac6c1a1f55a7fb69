// What fires, and the runbook beside it.

import { getText } from './api.js';
import { byId, el } from './dom.js';
import { duration } from './format.js';
import { render } from './markdown.js';

export function startAlerts() {
    let [shown, opened, listed] = [null, null, ''];

    function list(alerts, at) {
        const entries = alerts.active.map(alert =>
            el(
                'button',
                {
                    type: 'button',
                    class: `alert ${alert.state}`,
                    'aria-pressed': String(alert.name === opened),
                    onclick: () => {
                        location.hash = `#alerts/${encodeURIComponent(alert.name)}`;
                    },
                },
                el('strong', {}, alert.name),
                ` ${alert.state}, ${alert.severity}${alert.node ? `, ${alert.node}` : ''}`,
                el('small', {}, alert.summary),
                el('small', {}, alert.description),
                el('small', {}, `for ${duration((Date.parse(at) - Date.parse(alert.since)) / 1000)}`),
            ),
        );
        byId('alert-list').replaceChildren(...entries, entries.length > 0 ? '' : el('p', {}, alerts.problem ?? 'Nothing fires.'));
    }

    async function open(name) {
        opened = name;
        listed = '';
        if (shown === name) return;
        shown = name;
        if (!name) {
            byId('runbook').replaceChildren(el('p', {}, 'Choose an alert to read its runbook.'));
            return;
        }
        try {
            const text = await getText(`runbooks/${encodeURIComponent(name)}`);
            if (shown === name) byId('runbook').replaceChildren(...render(text));
        } catch (error) {
            if (shown === name) byId('runbook').replaceChildren(el('p', {}, `There is no runbook for ${name} (${error.message}).`));
        }
    }

    return {
        open,
        show(view) {
            const firing = view.alerts.active.filter(alert => alert.state === 'firing' && alert.severity !== 'none').length;
            byId('firing').hidden = firing === 0;
            byId('firing').textContent = String(firing);
        },
        /** Rewrites the list only when it says something else, so that the keyboard's focus stays. */
        showList(view) {
            const next = JSON.stringify([view.alerts, opened]);
            if (next === listed) return;
            const focused = [...byId('alert-list').children].indexOf(document.activeElement);
            listed = next;
            list(view.alerts, view.at);
            if (focused >= 0) byId('alert-list').children[focused]?.focus();
        },
    };
}
