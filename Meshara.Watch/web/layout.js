// Where nodes are drawn. Small parts are arranged by forces (Fruchterman and Reingold, 1991); in large ones nodes that are near each
// other in the mesh follow each other on a spiral, which takes no noticeable time. Parts stand side by side.

const distance = 130,
    forcesUpTo = 120,
    rounds = 200,
    gap = 2.2 * distance,
    turn = Math.PI * (3 - Math.sqrt(5));

function neighbours(ids, links) {
    const next = new Map(ids.map(id => [id, []]));
    for (const { from, to } of links) {
        next.get(from)?.push(to);
        next.get(to)?.push(from);
    }
    return next;
}

function spiral(ids, links) {
    const next = neighbours(ids, links);
    const [order, seen] = [[], new Set()];
    for (const first of ids) {
        if (seen.has(first)) continue;
        seen.add(first);
        for (const queue = [first]; queue.length > 0;) {
            const id = queue.shift();
            order.push(id);
            for (const other of next.get(id))
                if (next.has(other) && !seen.has(other)) {
                    seen.add(other);
                    queue.push(other);
                }
        }
    }
    return order.map((id, i) => ({
        id,
        x: distance * 0.62 * Math.sqrt(i) * Math.cos(i * turn),
        y: distance * 0.62 * Math.sqrt(i) * Math.sin(i * turn),
    }));
}

function forces(ids, links) {
    const radius = distance * Math.max(0.6, ids.length / 6);
    const points = ids.map((id, i) => ({
        id,
        x: radius * Math.cos((2 * Math.PI * i) / ids.length),
        y: radius * Math.sin((2 * Math.PI * i) / ids.length),
        dx: 0,
        dy: 0,
    }));
    const byId = new Map(points.map(point => [point.id, point]));
    const pairs = links.map(link => [byId.get(link.from), byId.get(link.to)]).filter(([a, b]) => a && b);
    const push = (a, b, force) => {
        const [x, y] = [a.x - b.x || 0.1, a.y - b.y || 0.1];
        const length = Math.hypot(x, y);
        const [fx, fy] = [(x / length) * force(length), (y / length) * force(length)];
        a.dx += fx;
        a.dy += fy;
        b.dx -= fx;
        b.dy -= fy;
    };
    for (let round = 0; round < rounds; round++) {
        const most = distance * (1 - round / rounds) * 0.3;
        for (const point of points) point.dx = point.dy = 0;
        for (let i = 0; i < points.length; i++) {
            for (let j = i + 1; j < points.length; j++) push(points[i], points[j], length => (distance * distance) / length);
        }
        for (const [a, b] of pairs) push(a, b, length => (-length * length) / distance / Math.max(1, Math.sqrt(points.length / 6)));
        for (const point of points) {
            const length = Math.hypot(point.dx, point.dy) || 1;
            point.x += (point.dx / length) * Math.min(length, most);
            point.y += (point.dy / length) * Math.min(length, most);
        }
    }
    return points;
}

/** Positions by id. Nodes of no part, which do not answer, stand below the others. */
export function arrange(ids, links, parts) {
    const inParts = new Set(parts.flat());
    const places = new Map();
    let [left, bottom] = [0, 0];
    for (const part of [...parts].sort((a, b) => b.length - a.length)) {
        const points = part.length <= forcesUpTo ? forces(part, links) : spiral(part, links);
        const [minX, maxX] = [Math.min(...points.map(p => p.x)), Math.max(...points.map(p => p.x))];
        for (const { id, x, y } of points) {
            places.set(id, { x: left + x - minX, y });
            bottom = Math.max(bottom, y);
        }
        left += maxX - minX + gap;
    }
    ids.filter(id => !inParts.has(id)).forEach((id, i) => places.set(id, { x: i * distance, y: bottom + distance }));
    return places;
}
