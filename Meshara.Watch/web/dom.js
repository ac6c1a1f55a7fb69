// Builds elements from data. Text goes in as text and never as markup, so that what a node says stays what it is.

const svg = 'http://www.w3.org/2000/svg';
const svgTags = new Set(['svg', 'polyline']);

export function el(tag, attributes = {}, ...children) {
    const element = svgTags.has(tag) ? document.createElementNS(svg, tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
        else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
    }
    element.append(...children.flat().filter(child => child !== null && child !== undefined));
    return element;
}

export const byId = id => document.getElementById(id);

/** Changes text only if it differs: an unchanged table costs no layout and is not read out again. */
export function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
    if (value === null) element.removeAttribute(name);
    else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
