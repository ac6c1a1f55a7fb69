// The last ten minutes of one figure as a line. A ring of fixed size holds them, so that a page that is open for a day has no more.

import { el, setText } from './dom.js';

const points = 600;
const fewest = 60;

export function chart(title, format) {
    const values = new Float64Array(points).fill(NaN);
    let count = 0;
    const [now, line, most] = [el('b', {}, '–'), el('polyline', { points: '' }), el('span', {}, '')];
    const drawing = el('svg', { preserveAspectRatio: 'none', 'aria-hidden': 'true' }, line);
    const element = el(
        'figure',
        { class: 'chart', role: 'group', 'aria-label': title },
        el('figcaption', {}, title),
        now,
        drawing,
        el('small', {}, most),
    );
    return {
        element,
        add(value) {
            values[count++ % points] = value ?? NaN;
        },
        show() {
            const last = values[(count - 1 + points) % points];
            setText(now, format(Number.isNaN(last) ? null : last));
            let top = 0;
            for (const value of values) if (value > top) top = value;
            const first = Math.max(0, count - points);
            let text = '';
            for (let i = first; i < count; i++) {
                const value = values[i % points];
                if (!Number.isNaN(value)) text += `${i - first},${(98 - (94 * value) / (top || 1)).toFixed(1)} `;
            }
            drawing.setAttribute('viewBox', `0 0 ${Math.max(fewest, count - first)} 100`);
            line.setAttribute('points', text);
            setText(most, `at most ${format(top)} in the last ${Math.min(count, points)} readings`);
        },
    };
}
