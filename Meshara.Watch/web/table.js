// A table of nodes that follows the views: rows are kept and only changed cells are written, and a click on a heading sorts.

import { el, setAttribute, setText } from './dom.js';

// One for all comparisons: making one takes longer than comparing.
const names = new Intl.Collator('en', { numeric: true });

/**
 * columns: { title, value(node) for sorting, text(node), className(node)?, number?: true }; the first has the name.
 * onSelect is called with a node's id.
 */
export function liveTable(caption, columns, onSelect) {
    const rows = new Map();
    let [sortBy, descending, nodes, filter, selected] = [0, false, [], '', null];
    const body = el('tbody');
    const headings = columns.map((column, i) =>
        el(
            'th',
            { scope: 'col', class: column.number ? 'number' : null },
            el(
                'button',
                {
                    type: 'button',
                    onclick: () => {
                        descending = sortBy === i && !descending;
                        sortBy = i;
                        show();
                    },
                },
                column.title,
            ),
        ),
    );
    const table = el('table', {}, el('caption', {}, caption), el('thead', {}, el('tr', {}, headings)), body);

    function row(node) {
        const name = el('button', { type: 'button', class: 'name', onclick: () => onSelect(node.id) });
        const cells = columns.map((column, i) =>
            i === 0 ? el('th', { scope: 'row' }, name) : el('td', { class: column.number ? 'number' : null }),
        );
        return { element: el('tr', {}, cells), cells: [name, ...cells.slice(1)] };
    }

    function compare(a, b) {
        const [x, y] = [columns[sortBy].value(a), columns[sortBy].value(b)];
        const order = typeof x === 'string' ? names.compare(x, y) : (x ?? -1) - (y ?? -1);
        return (descending ? -order : order) || names.compare(a.name, b.name);
    }

    function show() {
        headings.forEach((heading, i) => setAttribute(heading, 'aria-sort', i !== sortBy ? null : descending ? 'descending' : 'ascending'));
        const shown = nodes
            .filter(node => !filter || `${node.name} ${node.condition} ${node.address ?? ''}`.toLowerCase().includes(filter))
            .sort(compare);
        const ids = new Set(shown.map(node => node.id));
        for (const [id, { element }] of rows) {
            if (!ids.has(id)) {
                element.remove();
                rows.delete(id);
            }
        }
        shown.forEach((node, place) => {
            let known = rows.get(node.id);
            if (!known) rows.set(node.id, (known = row(node)));
            columns.forEach((column, i) => {
                setText(known.cells[i], column.text(node));
                if (column.className) setAttribute(known.cells[i], 'class', column.className(node));
            });
            setAttribute(known.cells[0], 'aria-pressed', String(node.id === selected));
            if (body.children[place] !== known.element) body.insertBefore(known.element, body.children[place] ?? null);
        });
    }

    return {
        element: table,
        update(next) {
            nodes = next;
            show();
        },
        filter(text) {
            filter = text.trim().toLowerCase();
            show();
        },
        select(id) {
            selected = id;
            show();
        },
    };
}
