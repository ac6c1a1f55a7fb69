// Renders the Markdown of the runbooks: headings, paragraphs, lists, tables, code, links. It builds elements and no markup.

import { el } from './dom.js';

const inlinePattern = /`([^`]+)`|\*\*(.+?)\*\*|\[([^\]]+)\]\(([^)\s]+)\)|\*([^*]+)\*/g;

function link(text, target) {
    const runbook = /^(?:\.\/)?([A-Za-z]+)\.md(?:#.*)?$/.exec(target);
    if (runbook && runbook[1] !== 'README') return el('a', { href: `#alerts/${runbook[1]}` }, inline(text));
    if (/^https?:\/\//.test(target)) return el('a', { href: target, target: '_blank', rel: 'noopener noreferrer' }, inline(text));
    return el('span', { title: target }, inline(text));
}

function inline(text) {
    const parts = [];
    let from = 0;
    for (const match of text.matchAll(inlinePattern)) {
        parts.push(text.slice(from, match.index));
        from = match.index + match[0].length;
        if (match[1] !== undefined) parts.push(el('code', {}, match[1]));
        else if (match[2] !== undefined) parts.push(el('strong', {}, inline(match[2])));
        else if (match[3] !== undefined) parts.push(link(match[3], match[4]));
        else parts.push(el('em', {}, match[5]));
    }
    return [...parts, text.slice(from)].filter(part => part !== '');
}

const cells = line =>
    line
        .trim()
        .replace(/^\||\|$/g, '')
        .split(/(?<!\\)\|/)
        .map(cell => cell.trim().replaceAll('\\|', '|'));
const isItem = line => /^\s*(?:[-*]|\d+\.)\s/.test(line ?? '');
const isFence = line => /^\s*```/.test(line ?? '');

function code(lines, from) {
    let to = from + 1;
    while (to < lines.length && !isFence(lines[to])) to++;
    const margin = lines[from].length - lines[from].trimStart().length;
    return [
        el(
            'pre',
            { tabindex: '0' },
            el(
                'code',
                {},
                lines
                    .slice(from + 1, to)
                    .map(line => line.slice(Math.min(margin, line.length - line.trimStart().length)))
                    .join('\n'),
            ),
        ),
        to + 1,
    ];
}

function indented(lines, from) {
    let to = from;
    while (to < lines.length && (/^ {4}/.test(lines[to]) || (lines[to] === '' && /^ {4}/.test(lines[to + 1] ?? '')))) to++;
    return [
        el(
            'pre',
            { tabindex: '0' },
            el(
                'code',
                {},
                lines
                    .slice(from, to)
                    .map(line => line.slice(4))
                    .join('\n'),
            ),
        ),
        to,
    ];
}

function list(lines, from) {
    const ordered = /^\s*\d/.test(lines[from]);
    const margin = lines[from].length - lines[from].trimStart().length;
    const items = [];
    let at = from;
    while (at < lines.length && isItem(lines[at]) && lines[at].length - lines[at].trimStart().length === margin) {
        const inner = [lines[at].replace(/^\s*(?:[-*]|\d+\.)\s+/, '')];
        const depth = lines[at].length - inner[0].length;
        for (
            at++;
            at < lines.length &&
            ((/^\s+\S/.test(lines[at]) && lines[at].length - lines[at].trimStart().length > margin) ||
                (lines[at] === '' && /^\s+\S/.test(lines[at + 1] ?? '')));
            at++
        )
            inner.push(lines[at].slice(Math.min(depth, lines[at].length - lines[at].trimStart().length)));
        items.push(el('li', {}, blocks(inner)));
        if (lines[at] === '' && isItem(lines[at + 1])) at++;
    }
    return [el(ordered ? 'ol' : 'ul', {}, items), at];
}

function table(lines, from) {
    let to = from + 2;
    while (to < lines.length && lines[to].trim().startsWith('|')) to++;
    return [
        el(
            'div',
            { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Table' },
            el(
                'table',
                {},
                el(
                    'thead',
                    {},
                    el(
                        'tr',
                        {},
                        cells(lines[from]).map(cell => el('th', { scope: 'col' }, inline(cell))),
                    ),
                ),
                el(
                    'tbody',
                    {},
                    lines.slice(from + 2, to).map(line =>
                        el(
                            'tr',
                            {},
                            cells(line).map(cell => el('td', { class: 'wide' }, inline(cell))),
                        ),
                    ),
                ),
            ),
        ),
        to,
    ];
}

function blocks(lines) {
    const result = [];
    for (let at = 0; at < lines.length;) {
        const line = lines[at];
        const heading = /^(#{1,4})\s+(.*)$/.exec(line);
        let block = null;
        if (line.trim() === '') at++;
        else if (heading) {
            block = el(`h${Math.min(6, heading[1].length + 2)}`, {}, inline(heading[2]));
            at++;
        } else if (isFence(line)) [block, at] = code(lines, at);
        else if (isItem(line)) [block, at] = list(lines, at);
        else if (line.trim().startsWith('|') && /^[\s|:-]+$/.test(lines[at + 1] ?? '')) [block, at] = table(lines, at);
        else if (/^ {4}/.test(line)) [block, at] = indented(lines, at);
        else {
            let to = at + 1;
            while (
                to < lines.length &&
                lines[to].trim() !== '' &&
                !isItem(lines[to]) &&
                !isFence(lines[to]) &&
                !/^#{1,4}\s/.test(lines[to])
            )
                to++;
            block = el(
                'p',
                {},
                inline(
                    lines
                        .slice(at, to)
                        .map(each => each.trim())
                        .join(' '),
                ),
            );
            at = to;
        }
        if (block) result.push(block);
    }
    return result;
}

export const render = text => blocks(text.replaceAll('\r', '').split('\n'));
