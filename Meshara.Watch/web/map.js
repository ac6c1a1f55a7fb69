// The map: nodes coloured by health, connections as thick as their traffic, the broadcast tree, and the parts of a partition apart.

import cytoscape from './vendor/cytoscape.esm.min.mjs';
import { byId, el } from './dom.js';
import { condition, mark } from './format.js';
import { arrange } from './layout.js';
import { colour, onTheme } from './theme.js';

const shapes = {
    healthy: 'ellipse',
    degraded: 'triangle',
    unhealthy: 'hexagon',
    silent: 'rectangle',
    suspect: 'diamond',
    changing: 'ellipse',
    unknown: 'ellipse',
    unwatched: 'ellipse',
};
const conditions = Object.keys(shapes);
// A few nodes need not fill the screen.
const closest = 1.5;

function style() {
    const base = [
        {
            selector: 'node',
            style: {
                label: 'data(label)',
                width: 30,
                height: 30,
                color: colour('text'),
                'font-size': 13,
                'text-valign': 'bottom',
                'text-margin-y': 5,
                'min-zoomed-font-size': 8,
                'background-color': colour('unknown'),
                'border-width': 0,
                'text-background-color': colour('panel'),
                'text-background-opacity': 0.8,
                'text-max-width': 160,
                'text-wrap': 'ellipsis',
            },
        },
        {
            selector: 'edge',
            style: { width: 'data(width)', 'line-color': colour('link'), 'curve-style': 'haystack', 'overlay-opacity': 0 },
        },
        { selector: 'edge[?tree]', style: { 'line-color': colour('accent') } },
        { selector: 'edge[!confirmed]', style: { 'line-style': 'dashed', 'line-color': colour('suspect') } },
        { selector: 'node:selected', style: { 'border-width': 4, 'border-color': colour('text') } },
        {
            selector: 'edge.hop',
            style: {
                width: 4,
                'line-color': colour('hop'),
                'target-arrow-color': colour('hop'),
                'target-arrow-shape': 'triangle',
                'curve-style': 'bezier',
                label: 'data(label)',
                color: colour('text'),
                'font-size': 14,
                'text-background-color': colour('panel'),
                'text-background-opacity': 1,
                'z-index': 9,
            },
        },
        { selector: 'node.hop', style: { 'border-width': 4, 'border-color': colour('hop') } },
    ];
    return [
        ...base.slice(0, 1),
        ...conditions.map(name => ({
            selector: `node[condition = "${name}"]`,
            style: { 'background-color': colour(name), shape: shapes[name] },
        })),
        ...base.slice(1),
    ];
}

const linkId = link => `${link.from}~${link.to}`;

// A decade of traffic is a pixel and a half.
const width = bytesPerSecond => Math.round(10 * Math.min(10, 1.5 + 1.5 * Math.log10(1 + bytesPerSecond / 100))) / 10;

function set(element, data) {
    for (const [name, value] of Object.entries(data)) if (element.data(name) !== value) element.data(name, value);
}

export function startMap(onSelect) {
    const cy = cytoscape({
        container: byId('canvas'),
        style: style(),
        minZoom: 0.05,
        maxZoom: 3,
        autounselectify: false,
        boxSelectionEnabled: false,
        pixelRatio: 'auto',
        hideEdgesOnViewport: true,
        textureOnViewport: true,
    });
    let [view, arranged, hops] = [null, '', []];
    onTheme(() => cy.style(style()));
    cy.on('tap', 'node', event => onSelect(event.target.id()));
    cy.on('tap', event => {
        if (event.target === cy) onSelect(null);
    });
    byId('fit').addEventListener('click', fit);
    byId('arrange').addEventListener('click', () => place(true));
    new ResizeObserver(() => cy.resize()).observe(byId('canvas'));
    for (const [name, text] of [
        ['healthy', 'healthy'],
        ['degraded', 'degraded'],
        ['silent', 'no answer, unhealthy'],
        ['suspect', condition('suspect')],
        ['unwatched', 'not watched'],
    ]) {
        byId('legend').append(el('li', {}, el('i', { class: name }), text));
    }
    byId('legend').append(
        el('li', {}, el('i', { class: 'line tree' }), 'broadcast tree'),
        el('li', {}, el('i', { class: 'line link' }), 'other connection; thickness: traffic'),
    );

    function fit() {
        cy.fit(undefined, 50);
        if (cy.zoom() > closest) {
            cy.zoom(closest);
            cy.center();
        }
    }

    /** Arranges the nodes anew when nodes were added, or when the mesh fell apart or came together. */
    function place(anyway = false) {
        const ids = view.nodes.map(node => node.id);
        const key =
            view.parts.length > 1
                ? view.parts
                      .map(part => [...part].sort().join())
                      .sort()
                      .join('|')
                : [...ids].sort().join();
        if (!anyway && key === arranged) return;
        const places = arrange(ids, view.links, view.parts);
        const [first, lost] = [arranged === '', new Set(view.nodes.filter(node => node.condition === 'silent').map(node => node.id))];
        arranged = key;
        cy.nodes().forEach(node => {
            // A node that does not answer is looked for where it was.
            if (lost.has(node.id()) && !first && !anyway && node.position().x !== 0) return;
            node.position(places.get(node.id()));
        });
        fit();
    }

    function update(next) {
        view = next;
        cy.batch(() => {
            const nodes = new Map(view.nodes.map(node => [node.id, node]));
            const links = new Map(view.links.map(link => [linkId(link), link]));
            cy.elements()
                .filter(element => !element.hasClass('hop-edge') && !(element.isNode() ? nodes : links).has(element.id()))
                .remove();
            for (const node of nodes.values()) {
                const data = { label: node.name + mark(node.condition), condition: node.condition };
                const known = cy.getElementById(node.id);
                if (known.nonempty()) set(known, data);
                else cy.add({ group: 'nodes', data: { id: node.id, ...data } });
            }
            for (const [id, link] of links) {
                const data = { tree: link.tree, confirmed: link.confirmed, width: width(link.bytes_per_second) };
                const known = cy.getElementById(id);
                if (known.nonempty()) set(known, data);
                else cy.add({ group: 'edges', data: { id, source: link.from, target: link.to, ...data } });
            }
        });
        place();
        drawHops();
    }

    function drawHops() {
        const wanted = new Map(hops.map((hop, i) => [`hop${i}~${hop.from}~${hop.to}`, { ...hop, label: `${i + 1}` }]));
        cy.edges('.hop-edge')
            .filter(edge => !wanted.has(edge.id()))
            .remove();
        const on = new Set(hops.flatMap(hop => [hop.from, hop.to]));
        cy.nodes().forEach(node => node.toggleClass('hop', on.has(node.id())));
        for (const [id, hop] of wanted) {
            const [source, target] = [cy.getElementById(hop.from), cy.getElementById(hop.to)];
            if (cy.getElementById(id).empty() && source.nonempty() && target.nonempty()) {
                cy.add({
                    group: 'edges',
                    classes: 'hop hop-edge',
                    data: { id, source: hop.from, target: hop.to, label: hop.label, tree: false, confirmed: true, width: 4 },
                });
            }
        }
    }

    return {
        update,
        select(id) {
            cy.nodes().unselect();
            if (id) cy.getElementById(id).select();
        },
        /** Shows a message's way; an empty list shows none. */
        showHops(next) {
            hops = next;
            drawHops();
        },
        /** Moves the map to another view of the page. */
        moveTo(element) {
            if (byId('map').parentElement === element) return;
            element.append(byId('map'));
            cy.resize();
            fit();
        },
        move: (x, y) => cy.panBy({ x, y }),
        /** Where a node is on the screen. */
        rendered: id => cy.getElementById(id).renderedPosition(),
        /** For tests and the curious: what is drawn. */
        drawn: () => ({
            nodes: cy.nodes().map(node => ({
                id: node.id(),
                label: node.data('label'),
                condition: node.data('condition'),
                colour: node.style('background-color'),
                ...node.position(),
            })),
            edges: cy.edges().map(edge => ({
                id: edge.id(),
                from: edge.source().id(),
                to: edge.target().id(),
                tree: !!edge.data('tree'),
                width: edge.data('width'),
                hop: edge.hasClass('hop-edge'),
            })),
        }),
    };
}
