// What is known of the selected node.

import { byId, el } from './dom.js';
import { bytes, condition, duration, ms, number, rate } from './format.js';

export function showDetails(view, id, select) {
    const node = view?.nodes.find(each => each.id === id);
    if (!node) {
        byId('details').replaceChildren();
        return;
    }
    const names = new Map(view.nodes.map(each => [each.id, each.name]));
    const links = view.links.filter(link => link.from === id || link.to === id);
    const rows = [
        ['Health', el('span', { class: node.condition }, condition(node.condition))],
        ['Address', node.address ?? '–'],
        ['Version', node.version ?? '–'],
        ['Uptime', duration(node.uptime)],
        ['Believes alive', number(node.members)],
        ['Memory, CPU', `${number(node.memory_mb)} MB, ${number(node.cpu_percent, 1)} %`],
        ['Network', `${bytes(node.traffic?.bytes_out)}/s out, ${bytes(node.traffic?.bytes_in)}/s in`],
        ['Private messages', `${rate(node.traffic?.accepted)}/s sent, ${rate(node.traffic?.received)}/s received`],
        ['Waiting', `${number(node.traffic?.queue)}, the oldest for ${duration(node.traffic?.oldest_seconds)}`],
        ['Latency', `${ms(node.traffic?.p50_ms)} median, ${ms(node.traffic?.p99_ms)} p99`],
    ];
    const peers = links.map(link => {
        const other = link.from === id ? link.to : link.from;
        return el(
            'li',
            {},
            el('button', { type: 'button', class: 'name', onclick: () => select(other) }, names.get(other) ?? other),
            ` ${bytes(link.bytes_per_second)}/s, ${ms(link.rtt_ms)}`,
            link.tree ? ', broadcast tree' : '',
            link.confirmed ? '' : ', unconfirmed',
        );
    });
    byId('details').replaceChildren(
        el(
            'div',
            { class: 'panel' },
            el('h3', {}, node.name),
            node.problems.length > 0
                ? el(
                      'ul',
                      { class: 'suspect' },
                      node.problems.map(problem => el('li', { class: 'wide' }, problem)),
                  )
                : null,
            el(
                'dl',
                {},
                rows.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]),
            ),
            el('h4', {}, `Connections (${links.length})`),
            el('ul', {}, peers.slice(0, 60)),
            el('button', { type: 'button', onclick: () => select(null) }, 'Close'),
        ),
    );
}
