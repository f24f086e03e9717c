// Picks as planes: the geometry of traces, and the colour (Okabe and Ito) and symbol of each kind.

export const KINDS = {
  bedding: { label: "bedding", colour: "#009e73", mark: "circle" },
  fracture: { label: "fracture", colour: "#0072b2", mark: "up" },
  "conductive fracture": { label: "conductive fracture", colour: "#0072b2", mark: "down" },
  "resistive fracture": { label: "resistive fracture", colour: "#56b4e9", mark: "diamond" },
};

export function kindOf(pick) {
  return pick.class === "fracture" && pick.polarity ? `${pick.polarity} fracture` : pick.class;
}

export const isWeak = (pick) => pick.quality === "C" || pick.quality === "D" || (pick.confidence ?? 1) < 0.5;

const RAD = Math.PI / 180;

export function planeOf(id, fields) {
  const size = fields.amplitude_m ?? 0, t0 = (fields.azimuth_app_deg ?? 0) * RAD;
  return { id, z: fields.depth_m, size, a: size * Math.cos(t0), b: size * Math.sin(t0), pick: fields };
}

export const depthAt = (plane, angle) => plane.z + plane.a * Math.cos(angle * RAD) + plane.b * Math.sin(angle * RAD);

export const rms = (p, q) => Math.sqrt((p.z - q.z) ** 2 + ((p.a - q.a) ** 2 + (p.b - q.b) ** 2) / 2);

export const wrap = (angle) => ((angle % 360) + 360) % 360;

// Index of the first plane whose z is not less than `depth`, in planes sorted by z.
export function firstBelow(planes, depth) {
  let low = 0, high = planes.length;
  while (low < high) { const mid = (low + high) >> 1; if (planes[mid].z < depth) low = mid + 1; else high = mid; }
  return low;
}

// Planes whose traces may reach into an interval; the planes are sorted by z, and at most `tallest` high.
export function between(planes, tallest, top, base) {
  return planes.slice(firstBelow(planes, top - tallest), firstBelow(planes, base + tallest));
}

export function mark(ctx, shape, x, y, r, filled) {
  ctx.beginPath();
  if (shape === "circle") ctx.arc(x, y, r, 0, 2 * Math.PI);
  else if (shape === "up") { ctx.moveTo(x, y - r * 1.2); ctx.lineTo(x + r * 1.1, y + r); ctx.lineTo(x - r * 1.1, y + r); ctx.closePath(); }
  else if (shape === "down") { ctx.moveTo(x, y + r * 1.2); ctx.lineTo(x + r * 1.1, y - r); ctx.lineTo(x - r * 1.1, y - r); ctx.closePath(); }
  else { ctx.moveTo(x, y - r * 1.3); ctx.lineTo(x + r * 1.1, y); ctx.lineTo(x, y + r * 1.3); ctx.lineTo(x - r * 1.1, y); ctx.closePath(); }
  if (filled) ctx.fill();
  ctx.stroke();
}
