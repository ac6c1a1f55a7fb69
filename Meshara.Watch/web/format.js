// Figures as people read them. An unknown one is a dash.

const known = value => value !== null && value !== undefined && Number.isFinite(value);

export const number = (value, digits = 0) => (known(value) ? value.toFixed(digits) : '–');

export const rate = value => (known(value) ? value.toFixed(value > 0 && value < 100 ? 1 : 0) : '–');

export function bytes(value) {
    if (!known(value)) return '–';
    const units = ['B', 'kB', 'MB', 'GB'];
    let unit = 0;
    for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
    return `${value.toFixed(unit > 0 && value < 10 ? 1 : 0)} ${units[unit]}`;
}

export const ms = value =>
    !known(value) ? '–' : value >= 1000 ? `${(value / 1000).toFixed(1)} s` : `${value.toFixed(value < 10 ? 1 : 0)} ms`;

export function duration(seconds) {
    if (!known(seconds)) return '–';
    const [d, h, m] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
    return d > 0 ? `${d}d ${h}h` : h > 0 ? `${h}h ${m}m` : m > 0 ? `${m}m ${Math.floor(seconds % 60)}s` : `${Math.floor(seconds)}s`;
}

const words = {
    healthy: 'healthy',
    degraded: 'degraded',
    unhealthy: 'unhealthy',
    silent: 'no answer',
    suspect: 'cannot be trusted',
    changing: 'starting or draining',
    unknown: 'not asked yet',
    unwatched: 'not watched',
};

export const condition = name => words[name] ?? name;

/** A mark beside the colour, for those who do not see it. */
export const mark = name => ({ healthy: '', degraded: ' ▲', unhealthy: ' ✖', silent: ' ✖', suspect: ' ?', changing: ' …' })[name] ?? '';
