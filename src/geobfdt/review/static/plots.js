// Stereonet and rose of the picks on the screen or of the whole well.

import { KINDS, kindOf, mark } from "./planes.js";
import { css } from "./view.js";

// Pole of a plane on the lower hemisphere, equal area: (x to the east, y to the south), the rim at 1.
export function pole(dip, azimuth) {
  const r = Math.SQRT2 * Math.sin(dip * Math.PI / 360), t = (azimuth + 180) * Math.PI / 180;
  return [r * Math.sin(t), -r * Math.cos(t)];
}

function prepareCanvas(canvas) {
  const ratio = window.devicePixelRatio || 1, w = canvas.dataset.w ??= canvas.width, h = canvas.dataset.h ??= canvas.height;
  canvas.width = w * ratio; canvas.height = h * ratio;
  canvas.style.width = `${w}px`; canvas.style.height = `${h}px`;
  const ctx = canvas.getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.font = "11px system-ui, DejaVu Sans, sans-serif";
  return [ctx, +w, +h];
}

export function drawNet(canvas, planes, selected) {
  const [ctx, w, h] = prepareCanvas(canvas), r = Math.min(w, h) / 2 - 14, x0 = w / 2, y0 = h / 2 + 4;
  ctx.strokeStyle = css("--muted"); ctx.fillStyle = css("--muted"); ctx.lineWidth = 1; ctx.textAlign = "center";
  ctx.beginPath(); ctx.arc(x0, y0, r, 0, 7); ctx.stroke();
  ctx.fillText("N", x0, y0 - r - 3);
  ctx.strokeStyle = css("--faint");
  for (const dip of [30, 60]) { ctx.beginPath(); ctx.arc(x0, y0, r * Math.SQRT2 * Math.sin(dip * Math.PI / 360), 0, 7); ctx.stroke(); }
  ctx.beginPath(); ctx.moveTo(x0 - r, y0); ctx.lineTo(x0 + r, y0); ctx.moveTo(x0, y0 - r); ctx.lineTo(x0, y0 + r); ctx.stroke();
  const places = [];
  for (const p of planes) {
    const [x, y] = pole(p.pick.dip_true_deg, p.pick.azimuth_true_deg ?? 0), chosen = selected.has(p.id), kind = KINDS[kindOf(p.pick)];
    const at = { id: p.id, x: x0 + r * x, y: y0 + r * y };
    places.push(at);
    ctx.globalAlpha = selected.size && !chosen ? 0.45 : 0.9;
    ctx.strokeStyle = chosen ? css("--ink") : "#ffffff88"; ctx.fillStyle = kind.colour; ctx.lineWidth = chosen ? 2 : 0.6;
    mark(ctx, kind.mark, at.x, at.y, chosen ? 5 : 3, true);
  }
  ctx.globalAlpha = 1;
  return places;
}

export function drawRose(canvas, planes) {
  const [ctx, w, h] = prepareCanvas(canvas), r = Math.min(w, h) / 2 - 12, x0 = w / 2, y0 = h / 2;
  const bins = new Array(36).fill(0);
  for (const p of planes) if (p.pick.class === "fracture" && p.pick.dip_true_deg > 1) bins[Math.floor(p.pick.azimuth_true_deg / 10) % 36]++;
  const most = Math.max(1, ...bins);
  ctx.strokeStyle = css("--muted"); ctx.fillStyle = css("--muted"); ctx.textAlign = "center";
  ctx.beginPath(); ctx.arc(x0, y0, r, 0, 7); ctx.stroke();
  ctx.fillText("N", x0, y0 - r - 3);
  ctx.fillText("fractures’", x0, h - 16); ctx.fillText("dip azimuth", x0, h - 4);
  ctx.fillStyle = KINDS.fracture.colour; ctx.strokeStyle = css("--paper");
  bins.forEach((n, i) => { // The area of a petal, not its radius, is proportional to its count.
    if (!n) return;
    const a = (i * 10 - 90) * Math.PI / 180;
    ctx.beginPath(); ctx.moveTo(x0, y0); ctx.arc(x0, y0, r * Math.sqrt(n / most), a, a + Math.PI / 18); ctx.closePath(); ctx.fill(); ctx.stroke();
  });
}
