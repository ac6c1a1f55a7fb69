// Throughput, latency and queues of all nodes together, and node by node.

import { chart } from './chart.js';
import { byId } from './dom.js';
import { bytes, duration, ms, number, rate } from './format.js';
import { liveTable } from './table.js';

const charts = [
    [chart('Acknowledged private messages a second', rate), traffic => traffic?.acknowledged],
    [chart('Latency, 99th percentile', ms), traffic => traffic?.p99_ms],
    [chart('Latency, median', ms), traffic => traffic?.p50_ms],
    [chart('Messages that wait', number), traffic => traffic?.queue],
    [chart('Broadcasts received a second', rate), traffic => traffic?.broadcasts],
    [chart('Sent to peers, bytes a second', bytes), traffic => traffic?.bytes_out],
];

const column = (title, pick, format) => ({
    title,
    number: true,
    value: node => (node.traffic ? pick(node.traffic) : null),
    text: node => format(node.traffic ? pick(node.traffic) : null),
});

export function startDeliveries(select) {
    const table = liveTable(
        'Traffic of each node',
        [
            { title: 'Node', value: node => node.name, text: node => node.name },
            column('Sent/s', t => t.accepted, rate),
            column('Received/s', t => t.received, rate),
            column('Relayed/s', t => t.forwarded, rate),
            column('Failed/s', t => t.failed, rate),
            column('Errors/s', t => t.errors, rate),
            column('Waiting', t => t.queue, number),
            column('Oldest', t => t.oldest_seconds, duration),
            column('Median', t => t.p50_ms, ms),
            column('p99', t => t.p99_ms, ms),
            column('Out', t => t.bytes_out, bytes),
            column('In', t => t.bytes_in, bytes),
        ],
        id => {
            select(id);
            location.hash = '#map';
        },
    );
    byId('charts').append(...charts.map(([figure]) => figure.element));
    byId('traffic').append(table.element);
    return {
        add(view) {
            for (const [figure, pick] of charts) figure.add(pick(view.totals.traffic));
        },
        show(view) {
            for (const [figure] of charts) figure.show();
            table.update(view.nodes.filter(node => node.condition !== 'unwatched'));
        },
    };
}
