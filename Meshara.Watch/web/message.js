// Follows one message: its way on the map, its spans on every node, its log lines.

import { getJson } from './api.js';
import { byId, el } from './dom.js';
import { ms } from './format.js';

const isId = text => /^[0-9a-f]{32}$/i.test(text);

function waterfall(trail, nameOf) {
    const end = Math.max(...trail.spans.map(span => span.start_ms + span.duration_ms), 0.001);
    const rows = trail.spans.map(span => {
        const bar = el('span', { class: span.failed ? 'failed' : null });
        bar.style.left = `${(100 * span.start_ms) / end}%`;
        bar.style.width = `${(100 * span.duration_ms) / end}%`;
        const title = Object.entries(span.attributes)
            .map(([name, value]) => `${name}: ${value}`)
            .join('\n');
        return el(
            'tr',
            {},
            el(
                'th',
                { scope: 'row', title },
                '\u00a0'.repeat(2 * Math.min(span.depth, 12)) + span.name,
                span.failed ? el('span', { class: 'failed' }, ' failed') : null,
            ),
            el('td', {}, nameOf(span.node)),
            el('td', { class: 'number' }, ms(span.start_ms)),
            el('td', { class: 'number' }, ms(span.duration_ms)),
            el('td', { 'aria-hidden': 'true' }, el('div', { class: 'bar' }, bar)),
        );
    });
    return el(
        'table',
        { id: 'spans' },
        el('caption', {}, `Spans (${trail.spans.length}); each begins by its own node’s clock`),
        el(
            'thead',
            {},
            el(
                'tr',
                {},
                ['Span', 'Node', 'Began after', 'Took', 'When'].map(title => el('th', { scope: 'col' }, title)),
            ),
        ),
        el('tbody', {}, rows),
    );
}

function logs(trail, nameOf) {
    const rows = trail.logs.map(log =>
        el(
            'tr',
            {},
            el('td', {}, log.at),
            el('td', {}, nameOf(log.node)),
            el('td', {}, log.level),
            el('td', {}, log.event),
            el('td', { class: 'wide' }, log.message),
            el(
                'td',
                { class: 'wide' },
                Object.entries(log.fields)
                    .filter(([name]) => !['trace_id', 'span_id'].includes(name))
                    .map(([name, value]) => `${name}=${value}`)
                    .join(' '),
            ),
        ),
    );
    return el(
        'table',
        { id: 'lines' },
        el('caption', {}, `Log lines (${trail.logs.length})`),
        el(
            'thead',
            {},
            el(
                'tr',
                {},
                ['Time', 'Node', 'Level', 'Event', 'Message', 'Values'].map(title => el('th', { scope: 'col' }, title)),
            ),
        ),
        el('tbody', {}, rows),
    );
}

export function startMessage(map, names, links) {
    let search = new AbortController();
    const nameOf = id => names().get(id) ?? id;
    const say = (...content) => byId('message-found').replaceChildren(el('p', {}, ...content));

    async function read(path, then) {
        search.abort();
        search = new AbortController();
        say('Asking the nodes…');
        try {
            then(await getJson(path, search.signal));
        } catch (error) {
            if (error.name !== 'AbortError') say(`The nodes could not be asked: ${error.message}`);
        }
    }

    function show(trail) {
        const { state, spans, hops, problems } = trail;
        const way = hops.map((hop, i) => `${i + 1}. ${nameOf(hop.from)} → ${nameOf(hop.to)} (${hop.name}, ${ms(hop.at_ms)})`);
        if (!state && spans.length === 0 && trail.logs.length === 0)
            say('No node knows anything of this message (any more): recent traces and log lines are kept for a short time only.');
        else if (state)
            say(
                `${nameOf(state.node)} accepted it: ${state.state}`,
                state.milliseconds === null ? '' : ` after ${ms(state.milliseconds)}`,
                `, attempts: ${state.attempts}`,
                state.held_by > 0 ? `, kept by ${state.held_by} relays` : '',
                state.reason ? `: ${state.reason}` : '',
                '.',
            );
        else say(`Seen on ${new Set(spans.map(span => span.node)).size} nodes.`);
        map.showHops(hops);
        const jaeger = links().jaeger;
        byId('message-parts').replaceChildren(
            problems.length > 0
                ? el(
                      'ul',
                      { class: 'suspect' },
                      problems.map(problem => el('li', { class: 'wide' }, problem)),
                  )
                : '',
            way.length > 0
                ? el(
                      'ol',
                      { id: 'hops', 'aria-label': 'Hops' },
                      way.map(hop => el('li', {}, hop.slice(hop.indexOf(' ') + 1))),
                  )
                : '',
            jaeger && trail.trace_ids.length > 0
                ? el(
                      'p',
                      {},
                      el('a', { href: `${jaeger}trace/${trail.trace_ids[0]}`, target: '_blank', rel: 'noopener' }, 'The trace in Jaeger'),
                  )
                : '',
            el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Spans' }, waterfall(trail, nameOf)),
            el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Log lines' }, logs(trail, nameOf)),
        );
    }

    function showRecent(messages) {
        say(
            messages.length === 0
                ? 'No node has recorded a message lately.'
                : `${messages.length} messages that were traced lately, newest first.`,
        );
        map.showHops([]);
        byId('message-parts').replaceChildren(
            messages.length === 0
                ? ''
                : el(
                      'table',
                      { id: 'recent' },
                      el('caption', {}, 'Recent messages'),
                      el(
                          'thead',
                          {},
                          el(
                              'tr',
                              {},
                              ['Message', 'From', 'To', 'Sent', 'Took'].map(title => el('th', { scope: 'col' }, title)),
                          ),
                      ),
                      el(
                          'tbody',
                          {},
                          messages.map(message =>
                              el(
                                  'tr',
                                  {},
                                  el('td', {}, el('a', { href: `#message/${message.id}` }, el('code', {}, message.id))),
                                  el('td', {}, nameOf(message.from)),
                                  el('td', {}, message.to === null ? 'everybody' : (names().get(message.to) ?? message.to.slice(0, 12))),
                                  el('td', {}, message.at.slice(11, 23)),
                                  el('td', { class: message.failed ? 'number failed' : 'number' }, ms(message.duration_ms)),
                              ),
                          ),
                      ),
                  ),
        );
    }

    const find = () => {
        const id = byId('message-id').value.trim().toLowerCase();
        if (!isId(id)) say('A message id has 32 hexadecimal digits.');
        else if (location.hash === `#message/${id}`) read(`messages/${id}`, show);
        else location.hash = `#message/${id}`;
    };
    byId('message-find').addEventListener('click', find);
    byId('message-id').addEventListener('keydown', event => {
        if (event.key === 'Enter') find();
    });
    byId('message-recent').addEventListener('click', () => {
        if (location.hash === '#message') read('messages', showRecent);
        else location.hash = '#message';
    });

    return {
        open(id) {
            if (!isId(id ?? '')) {
                read('messages', showRecent);
                return;
            }
            byId('message-id').value = id;
            read(`messages/${id}`, show);
        },
        close() {
            search.abort();
            map.showHops([]);
        },
    };
}
