// Puts the page together: which view is shown, what the header says, and what changed.

import { startAlerts } from './alerts.js';
import { follow, getJson } from './api.js';
import { startDeliveries } from './deliveries.js';
import { showDetails } from './details.js';
import { byId, el, setText } from './dom.js';
import { condition, mark, ms, number, rate } from './format.js';
import { startMap } from './map.js';
import { startMessage } from './message.js';
import { liveTable } from './table.js';
import { startTheme } from './theme.js';

const order = ['silent', 'suspect', 'unhealthy', 'degraded', 'changing', 'unknown', 'unwatched', 'healthy'];
const told = 10;
let views = 0;
let [view, selected, pending, lost, links] = [null, null, false, false, {}];

startTheme();
const map = startMap(select);
const nodes = liveTable(
    'Nodes',
    [
        { title: 'Node', value: node => node.name, text: node => node.name },
        {
            title: 'Health',
            value: node => String(order.indexOf(node.condition)),
            text: node => condition(node.condition) + mark(node.condition),
            className: node => node.condition,
        },
        { title: 'Peers', number: true, value: node => node.peers, text: node => number(node.peers) },
        { title: 'Waiting', number: true, value: node => node.traffic?.queue, text: node => number(node.traffic?.queue) },
        { title: 'Sent/s', number: true, value: node => node.traffic?.accepted, text: node => rate(node.traffic?.accepted) },
        { title: 'p99', number: true, value: node => node.traffic?.p99_ms, text: node => ms(node.traffic?.p99_ms) },
    ],
    select,
);
byId('nodes').append(nodes.element);
byId('filter').addEventListener('input', () => nodes.filter(byId('filter').value));
const deliveries = startDeliveries(select);
const alerts = startAlerts();
// By id and by address: what is read names nodes in both ways.
const message = startMessage(
    map,
    () =>
        new Map(
            (view?.nodes ?? []).flatMap(node => [
                [node.id, node.name],
                [node.address, node.name],
            ]),
        ),
    () => links,
);

function select(id) {
    selected = id;
    map.select(id);
    nodes.select(id);
    showDetails(view, selected, select);
}

function route() {
    const [name, argument] = (location.hash.slice(1) || 'map').split('/');
    const sections = [...document.querySelectorAll('main > section')];
    const shown = sections.find(section => section.dataset.view === name) ?? sections[0];
    for (const section of sections) section.hidden = section !== shown;
    for (const link of document.querySelectorAll('header nav:first-of-type a')) {
        if (link.getAttribute('href') === `#${shown.dataset.view}`) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
    }
    if (name === 'message') {
        map.moveTo(byId('message-map'));
        message.open(argument);
    } else {
        message.close();
        map.moveTo(byId('map-place'));
    }
    if (name === 'alerts') alerts.open(argument ? decodeURIComponent(argument) : null);
    if (view) show();
}

function notices() {
    const texts = [];
    const { parts, totals } = view;
    const names = new Map(view.nodes.map(node => [node.id, node.name]));
    if (lost) texts.push('The stream of views has ended; what is shown is old. Trying again…');
    if (parts.length > 1) {
        const all = parts.map(part =>
            part.length > 6
                ? `${part
                      .slice(0, 5)
                      .map(id => names.get(id))
                      .join(', ')} and ${part.length - 5} more`
                : part.map(id => names.get(id)).join(', '),
        );
        texts.push(`The mesh is in ${parts.length} parts: ${all.slice(0, 6).join(' | ')}${all.length > 6 ? ' | …' : ''}`);
    } else if (totals.views > 1) {
        texts.push(`The nodes disagree about who is alive (${totals.views} opinions).`);
    }
    for (const node of view.nodes.filter(each => each.condition === 'suspect').slice(0, 5))
        texts.push(`${node.name}: ${node.problems.join('; ')}.`);
    const shown = [...byId('notices').children].map(notice => notice.textContent);
    if (shown.join('\n') !== texts.join('\n')) byId('notices').replaceChildren(...texts.map(text => el('p', { class: 'notice' }, text)));
}

/** Tells a screen reader which nodes changed, one line each. */
function tellChanges(before) {
    if (!before) return;
    const old = new Map(before.nodes.map(node => [node.id, node.condition]));
    const changed = view.nodes.filter(node => old.has(node.id) && old.get(node.id) !== node.condition && old.get(node.id) !== 'unknown');
    byId('changes').append(...changed.slice(0, told).map(node => el('p', {}, `${node.name}: ${condition(node.condition)}`)));
    while (byId('changes').children.length > told) byId('changes').firstChild.remove();
}

function show() {
    pending = false;
    const { totals } = view;
    const { acknowledged, p99_ms: p99 } = totals.traffic ?? {};
    setText(byId('summary'), `${totals.healthy} of ${totals.nodes} nodes healthy · ${rate(acknowledged)} messages/s · p99 ${ms(p99)}`);
    notices();
    alerts.show(view);
    const shown = document.querySelector('main > section:not([hidden])').dataset.view;
    if (shown === 'map' || shown === 'message') map.update(view);
    if (shown === 'map') {
        nodes.update(view.nodes);
        showDetailsUnlessFocused();
    } else if (shown === 'deliveries') {
        deliveries.show(view);
    } else if (shown === 'alerts') {
        alerts.showList(view);
    }
}

// Replacing what has the keyboard's focus would lose it.
function showDetailsUnlessFocused() {
    if (!byId('details').contains(document.activeElement)) showDetails(view, selected, select);
}

function showLater() {
    if (pending) return;
    pending = true;
    requestAnimationFrame(show);
}

function showLinks(found) {
    links = found;
    byId('links').replaceChildren(
        ...Object.entries(found).map(([name, url]) => el('a', { href: url, target: '_blank', rel: 'noopener' }, name)),
    );
}

addEventListener('hashchange', () => {
    route();
    byId('main').focus();
});
route();
getJson('links')
    .then(showLinks)
    .catch(error => console.info(`No links: ${error.message}`));
// What is drawn, for tests; nothing here depends on it.
globalThis.meshara = { map, view: () => view, views: () => views };
follow(
    next => {
        const before = view;
        [view, lost] = [next, false];
        views++;
        deliveries.add(view);
        tellChanges(before);
        showLater();
    },
    () => {
        lost = true;
        if (view) showLater();
    },
);
