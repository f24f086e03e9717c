// The log on one canvas: depth axis, image tracks, traces and tadpoles; and the overview of the whole well.

import { KINDS, between, depthAt, isWeak, kindOf, mark, wrap } from "./planes.js";

const AXIS = 66, TADPOLES = 150, GAP = 6, HEAD = 22;
const MAX_HANDLE_PX = 400; // Much taller traces get no handle at their deepest point.
const M_PER_PX = 0.0254 / 96; // Width of a CSS pixel on a screen of 96 dots an inch.
const GHOST = "#3fe0ff", VUG = "#2ee6e6"; // No colour map holds these colours.
const BREAKOUT = "#cc79a7", SELECTED = "#ffe14d";
const USUAL_DIAMETER = 0.2; // m, where the file does not say; sizes of vugs are measured with the same.
const MIN_VUG_PX = 3, TALLEST_VUG = 0.5; // Half axis on the screen, and height (m) beyond which a vug may be cut off.
const DRIFT = { watch: "#c9a227", abstain: "#5e3c99" };
export const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class View {
  // `lobes` is the store of the breakout table, `vugs` that of the vug table.
  constructor(canvas, overview, tiles, { store, lobes, vugs }, options) {
    Object.assign(this, { canvas, overview, tiles, store, lobes, vugs, options });
    this.top = 0;
    this.scale = 0.0025; // m a CSS pixel
    this.well = null;
    this.frames = [];
    new ResizeObserver(() => this.draw()).observe(canvas);
    new ResizeObserver(() => this.draw()).observe(overview);
  }

  open(well) {
    this.well = well;
    this.scale = Math.max(0.0025, well.row / 2);
    this.top = well.top - 10 * this.scale;
    this.tiles.open(well);
    this.draw();
  }

  get height() { return this.canvas.clientHeight; }
  get width() { return this.canvas.clientWidth; }
  get base() { return this.depth(this.height); }

  y(depth) { return HEAD + (depth - this.top) / this.scale; }
  depth(y) { return this.top + (y - HEAD) * this.scale; }

  // Value of a log of the hole at a depth.
  holeAt(name, depth) {
    const { depth: at, [name]: values } = this.well.hole;
    return values[Math.min(Math.max(Math.round((depth - at[0]) / (at.at(-1) - at[0]) * (at.length - 1)), 0), at.length - 1)];
  }

  tracks() {
    const both = this.options.image === "both", free = this.width - AXIS - TADPOLES - 2 * GAP;
    const width = Math.max(both ? (free - GAP) / 2 : free, 40);
    const names = both ? ["static", "dynamic"] : [this.options.image];
    return names.map((name, i) => ({ name, x: AXIS + i * (width + GAP), width }));
  }

  turn(track) { return track.width / this.options.turns; }

  // Places of an angle in a track: one, or two where the track shows more than one turn.
  xs(track, angle) {
    const one = this.turn(track), first = wrap(angle - this.options.north) / 360 * one;
    return [first, first + one].filter((x) => x <= track.width).map((x) => track.x + x);
  }

  angle(track, x) { return wrap((x - track.x) / this.turn(track) * 360 + this.options.north); }

  trackAt(x) { return this.tracks().find((t) => x >= t.x && x <= t.x + t.width) ?? null; }

  // Find what lies under a point: a handle of the selected pick or breakout, a trace, a vug, a breakout, a tadpole, an
  // interval. What is not of the layer of picks has its own store.
  hit(x, y) {
    const chosen = this.store.one(), track = this.trackAt(x);
    const plane = chosen && this.store.planes.find((p) => p.id === chosen);
    if (plane && track) {
      for (const handle of this.handles(plane, track)) if (Math.hypot(x - handle.x, y - handle.y) < 9) return { ...handle, id: plane.id, track };
    }
    const grip = track && !this.options.hidden && this.hitGrip(x, y, track);
    if (grip) return grip;
    if (track && !this.options.hidden) {
      const angle = this.angle(track, x);
      let best = null, least = 7;
      for (const p of this.visiblePlanes()) {
        const off = Math.abs(this.y(depthAt(p, angle)) - y);
        if (off < least) { least = off; best = p; }
      }
      if (best) return { part: "trace", id: best.id, track };
      const other = this.hitVug(x, y, track) ?? this.hitLobe(x, y, track);
      if (other) return other;
    }
    const start = this.width - TADPOLES;
    if (x > start) {
      let best = null, least = 9;
      for (const p of this.visiblePlanes()) {
        const dip = p.pick.dip_true_deg;
        const off = dip == null ? Infinity : Math.hypot(this.tadpoleX(dip) - x, this.y(p.z) - y);
        if (off < least) { least = off; best = p; }
      }
      if (best) return { part: "tadpole", id: best.id };
    }
    if (x < AXIS) {
      const depth = this.depth(y), interval = this.store.intervals().filter((i) => depth >= i.top_m && depth <= i.base_m && Math.abs(this.intervalX(i) - x) < 5)[0];
      if (interval) return { part: "interval", id: interval.id };
    }
    return null;
  }

  // Breakouts and induced fractures that lie on the image. Others have no place on it, as their azimuth is unknown.
  visibleLobes() {
    return [...this.lobes.items].map(([id, fields]) => ({ id, ...fields })).filter((f) => f.azimuth_app_deg != null && f.reference === this.well.reference
      && (f.status !== "rejected" || this.lobes.selected.has(f.id)) && f.base_m >= this.top && f.top_m <= this.base);
  }

  // Boxes of a lobe in a track; one that crosses an edge of the track is there twice. An induced fracture has no width.
  lobeBoxes(track, lobe) {
    const turn = this.turn(track), wide = lobe.class === "breakout" ? (lobe.width_deg ?? 0) / 360 * turn : 0;
    const first = wrap(lobe.azimuth_app_deg - this.options.north) / 360 * turn + track.x, y0 = this.y(lobe.top_m), y1 = this.y(lobe.base_m);
    return [-1, 0, 1].map((k) => first + k * turn).filter((x) => x + wide / 2 >= track.x && x - wide / 2 <= track.x + track.width)
      .map((x) => ({ x, x0: x - wide / 2, x1: x + wide / 2, y0, y1 }));
  }

  // Handles of a lobe: its edges, its sides and its middle, half way down the part on the screen.
  grips(track, lobe) {
    return this.lobeBoxes(track, lobe).flatMap(({ x, x0, x1, y0, y1 }) => {
      const y = (Math.max(y0, HEAD) + Math.min(y1, this.height)) / 2;
      const sides = x1 > x0 ? [{ part: "left", x: x0, y }, { part: "right", x: x1, y }] : [];
      return [{ part: "top", x, y: y0 }, { part: "base", x, y: y1 }, ...sides, { part: "azimuth", x, y }];
    }).filter((grip) => grip.x >= track.x && grip.x <= track.x + track.width);
  }

  hitGrip(x, y, track) {
    const chosen = this.lobes.one(), lobe = chosen && this.visibleLobes().find((f) => f.id === chosen);
    const grip = lobe && this.grips(track, lobe).find((g) => Math.hypot(x - g.x, y - g.y) < 9);
    return grip ? { ...grip, id: lobe.id, track, store: this.lobes } : null;
  }

  hitLobe(x, y, track) {
    const lobe = this.visibleLobes().find((f) => this.lobeBoxes(track, f).some((b) => x > b.x0 - 5 && x < b.x1 + 5 && y > b.y0 - 5 && y < b.y1 + 5));
    return lobe ? { part: "lobe", id: lobe.id, store: this.lobes } : null;
  }

  // Vugs that lie on the image, if they are to be shown.
  visibleVugs() {
    if (!this.options.vugs) return [];
    return this.vugs.between(this.top - TALLEST_VUG, this.base + TALLEST_VUG).filter(({ id, pick }) => pick.azimuth_app_deg != null
      && pick.reference === this.well.reference && (pick.status !== "rejected" || this.vugs.selected.has(id)));
  }

  // Ellipse of a vug on the wall (m, angle of its long axis from the axis of the hole), pixels a metre, and its places.
  vugEllipse(track, { depth_m, azimuth_app_deg, area_mm2, aspect, orientation_deg }) {
    const turn = this.turn(track), kx = turn / (Math.PI * (this.holeAt("diameter", depth_m) ?? USUAL_DIAMETER)), ky = 1 / this.scale;
    const round = Math.sqrt(area_mm2 / Math.PI) / 1000, stretch = Math.sqrt(aspect ?? 1);
    const grow = Math.max(1, MIN_VUG_PX / (round * Math.min(kx, ky))), long = round * stretch * grow, short = round / stretch * grow;
    const first = track.x + wrap(azimuth_app_deg - this.options.north) / 360 * turn, reach = long * kx;
    const xs = [-1, 0, 1].map((k) => first + k * turn).filter((x) => x + reach >= track.x && x - reach <= track.x + track.width);
    return { xs, y: this.y(depth_m), kx, ky, long, short, tilt: (orientation_deg ?? 0) * Math.PI / 180 };
  }

  hitVug(x, y, track) {
    const inside = ({ pick }) => {
      const { xs, y: middle, kx, ky, long, short, tilt } = this.vugEllipse(track, pick), margin = 4 / Math.min(kx, ky);
      return xs.some((one) => {
        const right = (x - one) / kx, down = (y - middle) / ky;
        const along = down * Math.cos(tilt) + right * Math.sin(tilt), aside = right * Math.cos(tilt) - down * Math.sin(tilt);
        return (along / (long + margin)) ** 2 + (aside / (short + margin)) ** 2 <= 1;
      });
    };
    const vug = this.visibleVugs().find(inside);
    return vug ? { part: "vug", id: vug.id, store: this.vugs } : null;
  }

  handles(plane, track) {
    const deepest = wrap(Math.atan2(plane.b, plane.a) * 180 / Math.PI);
    const tall = plane.size / this.scale > MAX_HANDLE_PX * 10;
    return this.xs(track, deepest).flatMap((x) => tall ? [] : [{ part: "deepest", x, y: this.y(plane.z + plane.size) }])
      .concat(this.xs(track, deepest + 90).map((x) => ({ part: "middle", x, y: this.y(plane.z) })));
  }

  visiblePlanes() {
    const all = this.store.between(this.top, this.base);
    return this.options.rejected ? all : all.filter((p) => p.pick.status !== "rejected" || this.store.selected.has(p.id));
  }

  tadpoleX(dip) { return this.width - TADPOLES + GAP + 8 + (TADPOLES - GAP - 18) * dip / 90; }
  intervalX(interval) { return interval.kind === "ignored" ? 4 : interval.class === "bedding" ? 9 : 14; }

  draw() {
    if (this.drawRequested) return;
    this.drawRequested = true;
    requestAnimationFrame((now) => {
      this.drawRequested = false;
      if (!this.well) return;
      const start = performance.now();
      this.paint();
      this.paintOverview();
      this.frames.push([now, performance.now() - start]);
      if (this.frames.length > 2000) this.frames.shift();
    });
  }

  fit(canvas) {
    const ratio = window.devicePixelRatio || 1, w = Math.round(canvas.clientWidth * ratio), h = Math.round(canvas.clientHeight * ratio);
    if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
    const ctx = canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
    return ctx;
  }

  paint() {
    const ctx = this.fit(this.canvas);
    ctx.font = "11px system-ui, DejaVu Sans, sans-serif";
    for (const track of this.tracks()) {
      this.paintImage(ctx, track);
      if (!this.options.hidden) this.paintTraces(ctx, track);
      this.paintHead(ctx, track);
    }
    this.paintTadpoles(ctx);
    this.paintAxis(ctx);
    this.paintTool(ctx);
  }

  paintImage(ctx, track) {
    const { row, rows, levels, top } = this.well, ratio = window.devicePixelRatio || 1;
    const level = Math.min(Math.max(Math.floor(Math.log2(this.scale / ratio / row)), 0), levels - 1);
    const high = rows * row * 2 ** level, first = Math.floor((this.top - top) / high), last = Math.floor((this.base - top) / high);
    ctx.save();
    ctx.beginPath();
    ctx.rect(track.x, HEAD, track.width, this.height);
    ctx.clip();
    ctx.fillStyle = css("--faint");
    const up = this.y(Math.max(this.top, top)), down = this.y(Math.min(this.base, this.well.base));
    ctx.fillRect(track.x, up, track.width, down - up);
    ctx.imageSmoothingEnabled = this.scale / ratio > row;
    const one = this.turn(track), start = -wrap(this.options.north) / 360 * one;
    for (let n = first; n <= last; n++) {
      const tile = this.tiles.get(track.name, level, n);
      const y = this.y(top + n * high), h = high / this.scale;
      if (tile) for (let x = start; x < track.width; x += one) ctx.drawImage(tile, track.x + x, y, one, h + 0.4);
      else this.paintCoarser(ctx, track, level, n, y, h, start, one);
    }
    this.tiles.get(track.name, level, last + 1); // Fetch the next tile in advance.
    ctx.restore();
  }

  // Draw a tile of a coarser level until the tile has arrived.
  paintCoarser(ctx, track, level, n, y, h, start, one) {
    for (let up = 1; level + up < this.well.levels; up++) {
      const entry = this.tiles.cache.get(`${track.name}/${level + up}/${n >> up}`);
      if (!entry?.canvas) continue;
      const part = entry.canvas.height / 2 ** up, from = (n - ((n >> up) << up)) * part;
      for (let x = start; x < track.width; x += one) ctx.drawImage(entry.canvas, 0, from, entry.canvas.width, part, track.x + x, y, one, h + 0.4);
      return;
    }
  }

  paintTraces(ctx, track) {
    ctx.save();
    ctx.beginPath();
    ctx.rect(track.x, HEAD, track.width, this.height);
    ctx.clip();
    this.paintBreakouts(ctx, track);
    this.paintVugs(ctx, track);
    for (const plane of between(this.options.beside ?? [], this.options.besideTallest, this.top, this.base)) this.trace(ctx, track, plane, "#ffffff", "#555555", [2, 4], 1.5);
    for (const plane of this.visiblePlanes()) {
      const kind = KINDS[kindOf(plane.pick)], chosen = this.store.selected.has(plane.id);
      const dash = plane.pick.status === "rejected" ? [1, 5] : plane.pick.status === "accepted" || plane.pick.status === "edited" ? [] : isWeak(plane.pick) ? [4, 4] : [10, 3];
      if (chosen) this.trace(ctx, track, plane, "#ffe14d", "#1a1a1a", [], 6);
      this.trace(ctx, track, plane, kind.colour, "#ffffff", dash, chosen ? 2.4 : 1.8);
      this.glyph(ctx, track.x + 7, this.y(depthAt(plane, this.options.north)), plane.pick.status, kind.colour);
    }
    const id = this.store.one(), plane = id && this.store.planes.find((p) => p.id === id);
    const lobe = this.lobes.one() && this.visibleLobes().find((f) => f.id === this.lobes.one());
    for (const h of plane ? this.handles(plane, track) : lobe ? this.grips(track, lobe) : []) {
      ctx.fillStyle = "#ffe14d"; ctx.strokeStyle = "#1a1a1a"; ctx.lineWidth = 1.2;
      ctx.beginPath();
      if (h.part === "middle" || h.part === "azimuth") ctx.arc(h.x, h.y, 5, 0, 7); else ctx.rect(h.x - 5, h.y - 5, 10, 10);
      ctx.fill(); ctx.stroke();
    }
    ctx.restore();
  }

  // Lobes of breakouts are boxes, induced fractures dashed lines; thick where a person decided.
  paintBreakouts(ctx, track) {
    for (const lobe of this.visibleLobes()) {
      const width = lobe.status === "accepted" || lobe.status === "edited" ? 2.6 : 1.8, chosen = this.lobes.selected.has(lobe.id);
      ctx.setLineDash(lobe.status === "rejected" ? [1, 5] : lobe.class === "breakout" && lobe.width_deg != null ? [] : [6, 3]);
      for (const { x0, x1, y0, y1 } of this.lobeBoxes(track, lobe)) {
        for (const [colour, line] of [[chosen ? SELECTED : "#1a1a1a", width + (chosen ? 4 : 1.7)], [BREAKOUT, width]]) {
          ctx.strokeStyle = colour; ctx.lineWidth = line;
          ctx.beginPath();
          // The dashes of a rectangle without a width would fill each other's gaps.
          if (x1 > x0) ctx.rect(x0, y0, x1 - x0, Math.max(y1 - y0, 1)); else { ctx.moveTo(x0, y0); ctx.lineTo(x0, Math.max(y1, y0 + 1)); }
          ctx.stroke();
        }
      }
    }
    ctx.setLineDash([]);
  }

  // Vugs are ellipses; thick where a person decided.
  paintVugs(ctx, track) {
    for (const { id, pick } of this.visibleVugs()) {
      const { xs, y, kx, ky, long, short, tilt } = this.vugEllipse(track, pick), chosen = this.vugs.selected.has(id);
      const width = pick.status === "accepted" ? 2.8 : 1.8;
      ctx.setLineDash(pick.status === "rejected" ? [1, 4] : []);
      for (const x of xs) {
        ctx.save();
        ctx.translate(x, y); ctx.scale(kx, ky); ctx.rotate(Math.PI / 2 - tilt);
        ctx.beginPath(); ctx.ellipse(0, 0, long, short, 0, 0, 7);
        ctx.restore(); // Lines have one width in all directions.
        for (const [colour, line] of [[chosen ? SELECTED : "#1a1a1a", width + (chosen ? 4 : 1.7)], [VUG, width]]) {
          ctx.strokeStyle = colour; ctx.lineWidth = line; ctx.stroke();
        }
      }
    }
    ctx.setLineDash([]);
  }

  path(ctx, track, plane) {
    const steps = Math.max(24, Math.min(64, Math.round(track.width / 10)));
    ctx.beginPath();
    for (let i = 0; i <= steps; i++) {
      const x = track.x + track.width * i / steps, y = this.y(depthAt(plane, this.angle(track, Math.min(x, track.x + track.width - 1e-6))));
      if (i) ctx.lineTo(x, y); else ctx.moveTo(x, y);
    }
  }

  trace(ctx, track, plane, colour, casing, dash, width) {
    this.path(ctx, track, plane);
    ctx.strokeStyle = casing; ctx.globalAlpha = 0.75; ctx.lineWidth = width + 1.6; ctx.setLineDash(dash); ctx.stroke();
    ctx.strokeStyle = colour; ctx.globalAlpha = 1; ctx.lineWidth = width; ctx.stroke();
    ctx.setLineDash([]);
  }

  // Status at the left edge: ring (proposed), dot (accepted), diamond (edited), cross (rejected).
  glyph(ctx, x, y, status, colour) {
    ctx.lineWidth = 1.4; ctx.strokeStyle = "#1a1a1a"; ctx.fillStyle = status === "accepted" || status === "edited" ? colour : "#ffffff";
    if (status === "rejected") {
      ctx.strokeStyle = "#ffffff"; ctx.lineWidth = 4;
      for (let pass = 0; pass < 2; pass++) {
        ctx.beginPath(); ctx.moveTo(x - 4, y - 4); ctx.lineTo(x + 4, y + 4); ctx.moveTo(x + 4, y - 4); ctx.lineTo(x - 4, y + 4); ctx.stroke();
        ctx.strokeStyle = "#1a1a1a"; ctx.lineWidth = 1.6;
      }
    } else mark(ctx, status === "edited" ? "diamond" : "circle", x, y, 4, true);
  }

  paintHead(ctx, track) {
    ctx.fillStyle = css("--ground");
    ctx.fillRect(track.x, 0, track.width, HEAD);
    ctx.fillStyle = css("--muted"); ctx.strokeStyle = css("--muted"); ctx.textAlign = "center"; ctx.lineWidth = 1;
    const names = this.well.reference === "high_side" ? { 0: "top", 90: "right", 180: "low", 270: "left" } : { 0: "N", 90: "E", 180: "S", 270: "W" };
    const words = this.well.reference === "unknown" ? { 0: "0°", 90: "90°", 180: "180°", 270: "270°" } : names;
    for (const [angle, word] of Object.entries(words)) for (const x of this.xs(track, +angle)) {
      ctx.textAlign = x < track.x + 8 ? "left" : x > track.x + track.width - 8 ? "right" : "center";
      ctx.fillText(word, x, 12);
      ctx.beginPath(); ctx.moveTo(x, 16); ctx.lineTo(x, HEAD); ctx.stroke();
    }
    ctx.textAlign = "center";
    // In a narrow window the name has no room between two directions.
    if (ctx.measureText(track.name).width + 24 < this.turn(track) / 4) ctx.fillText(track.name, track.x + this.turn(track) * 0.625, 12);
  }

  paintTadpoles(ctx) {
    const x0 = this.tadpoleX(0), x1 = this.tadpoleX(90);
    ctx.lineWidth = 1;
    for (let dip = 0; dip <= 90; dip += 10) {
      const x = this.tadpoleX(dip);
      ctx.strokeStyle = css("--faint"); ctx.globalAlpha = dip % 30 ? 0.5 : 1;
      ctx.beginPath(); ctx.moveTo(x, HEAD); ctx.lineTo(x, this.height); ctx.stroke();
      ctx.globalAlpha = 1;
      if (dip % 30 === 0) { ctx.fillStyle = css("--muted"); ctx.textAlign = "center"; ctx.fillText(`${dip}°`, x, 12); }
    }
    let unknown = 0;
    ctx.save();
    ctx.beginPath();
    ctx.rect(x0 - 16, HEAD, x1 - x0 + 32, this.height);
    ctx.clip();
    for (const p of this.visiblePlanes()) {
      if (p.pick.status === "rejected") continue;
      const { dip_true_deg: dip, azimuth_true_deg: azimuth } = p.pick;
      if (dip == null) { unknown++; continue; }
      const kind = KINDS[kindOf(p.pick)], x = this.tadpoleX(dip), y = this.y(p.z), t = azimuth * Math.PI / 180;
      const chosen = this.store.selected.has(p.id);
      ctx.strokeStyle = chosen ? css("--ink") : kind.colour; ctx.fillStyle = kind.colour; ctx.lineWidth = chosen ? 2.4 : 1.5;
      ctx.beginPath(); ctx.moveTo(x, y); ctx.lineTo(x + 13 * Math.sin(t), y - 13 * Math.cos(t)); ctx.stroke();
      if (isWeak(p.pick)) ctx.fillStyle = css("--ground");
      mark(ctx, kind.mark, x, y, chosen ? 5 : 4, true);
    }
    ctx.restore();
    if (unknown) {
      ctx.fillStyle = css("--muted"); ctx.textAlign = "left";
      ctx.fillText("true dip unknown", x0, HEAD + 14);
    }
  }

  paintAxis(ctx) {
    ctx.fillStyle = css("--ground");
    ctx.fillRect(0, 0, AXIS - 1, this.height);
    const colours = { ignored: "#8a8f98", bedding: KINDS.bedding.colour, fracture: KINDS.fracture.colour };
    for (const one of this.store.intervals()) {
      ctx.fillStyle = colours[one.kind === "ignored" ? "ignored" : one.class];
      const y = Math.max(this.y(one.top_m), HEAD), end = Math.min(this.y(one.base_m), this.height), chosen = this.store.selected.has(one.id);
      if (end > y) ctx.fillRect(this.intervalX(one) - (chosen ? 3 : 1.5), y, chosen ? 6 : 3.5, end - y);
      if (one.kind === "ignored" && end > y) {
        ctx.globalAlpha = 0.35;
        for (const track of this.tracks()) ctx.fillRect(track.x, y, track.width, end - y);
        ctx.globalAlpha = 1;
      }
    }
    for (const zone of this.well.drift) {
      const y = Math.max(this.y(zone.top_m), HEAD), end = Math.min(this.y(zone.base_m), this.height);
      ctx.fillStyle = DRIFT[zone.state];
      if (end > y) ctx.fillRect(0, y, 2, end - y);
    }
    const minStep = this.scale * 70, step = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].find((s) => s >= minStep) ?? 100;
    ctx.fillStyle = css("--ink"); ctx.strokeStyle = css("--muted"); ctx.textAlign = "right"; ctx.lineWidth = 1;
    const digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
    for (let k = Math.ceil(this.top / step); k * step <= this.base; k++) {
      const y = Math.round(this.y(k * step)) + 0.5;
      if (y < HEAD) continue;
      ctx.beginPath(); ctx.moveTo(AXIS - 7, y); ctx.lineTo(AXIS - 2, y); ctx.stroke();
      ctx.fillText((k * step).toFixed(digits), AXIS - 10, y + 4);
    }
    ctx.fillStyle = css("--ground");
    ctx.fillRect(0, 0, AXIS, HEAD);
    ctx.fillStyle = css("--muted");
    ctx.fillText("MD (m)", AXIS - 8, 12);
  }

  // Draw the overlay of the current tool: points, a dragged interval or box, a ruler, a snapped trace.
  paintTool(ctx) {
    const tool = this.options.overlay;
    if (!tool) return;
    ctx.fillStyle = "#ffe14d"; ctx.strokeStyle = "#1a1a1a"; ctx.lineWidth = 1.5;
    if (tool.waiting) for (const track of this.tracks()) for (const x of this.xs(track, tool.waiting.angle)) this.paintWaiting(ctx, x, this.y(tool.waiting.depth));
    if (tool.ghost) this.paintGhost(ctx, tool);
    for (const point of tool.points ?? []) for (const track of this.tracks()) for (const x of this.xs(track, point.angle)) mark(ctx, "circle", x, this.y(point.depth), 4, true);
    if (tool.box) {
      ctx.strokeStyle = SELECTED;
      for (const track of this.tracks()) for (const { x0, x1, y0, y1 } of this.lobeBoxes(track, { class: "breakout", ...tool.box })) ctx.strokeRect(x0, y0, x1 - x0, y1 - y0);
    }
    if (tool.stretch) {
      const [a, b] = tool.stretch.map((d) => this.y(d));
      ctx.globalAlpha = 0.3; ctx.fillRect(0, Math.min(a, b), this.width - TADPOLES, Math.abs(b - a)); ctx.globalAlpha = 1;
    }
    if (tool.ruler) {
      const { from, to, text } = tool.ruler;
      ctx.lineWidth = 4; ctx.strokeStyle = "#ffffff"; ctx.beginPath(); ctx.moveTo(from.x, from.y); ctx.lineTo(to.x, to.y); ctx.stroke();
      ctx.lineWidth = 1.8; ctx.strokeStyle = "#1a1a1a"; ctx.stroke();
      this.label(ctx, [text], to.x, to.y);
    }
  }

  // White on black, beside a point and inside the canvas.
  label(ctx, lines, x, y, colour = "#1a1a1a") {
    ctx.font = "600 12px system-ui, DejaVu Sans, sans-serif";
    const w = Math.max(...lines.map((line) => ctx.measureText(line).width)) + 14, h = 17 * lines.length + 5;
    const leftEdge = Math.max(Math.min(x + 10, this.width - w - 4), AXIS), top = Math.min(Math.max(y - 26 - h / 2, HEAD + 4), this.height - h - 4);
    ctx.globalAlpha = 0.9; ctx.fillStyle = colour; ctx.beginPath(); ctx.roundRect(leftEdge, top, w, h, 4); ctx.fill(); ctx.globalAlpha = 1;
    ctx.fillStyle = "#ffffff"; ctx.textAlign = "left";
    lines.forEach((line, i) => ctx.fillText(line, leftEdge + 7, top + 16 + 17 * i));
  }

  // Mark the point of a snap request with a ring that grows and fades.
  paintWaiting(ctx, x, y) {
    const phase = performance.now() / 900 % 1;
    ctx.strokeStyle = "#1a1a1a"; ctx.lineWidth = 3.5; ctx.beginPath(); ctx.arc(x, y, 5, 0, 7); ctx.stroke();
    ctx.strokeStyle = GHOST; ctx.lineWidth = 2; ctx.stroke();
    ctx.globalAlpha = 1 - phase; ctx.beginPath(); ctx.arc(x, y, 6 + 16 * phase, 0, 7); ctx.stroke(); ctx.globalAlpha = 1;
    this.label(ctx, ["Looking for the plane"], x, y);
    this.draw();
  }

  // Draw the snapped trace dashed, and its distance from the click.
  paintGhost(ctx, { ghost, at, text, poor }) {
    for (const track of this.tracks()) {
      ctx.save();
      ctx.beginPath(); ctx.rect(track.x, HEAD, track.width, this.height); ctx.clip();
      this.trace(ctx, track, ghost, GHOST, "#10242b", poor ? [4, 5] : [10, 4], 3);
      for (const x of this.xs(track, at.angle)) {
        const from = this.y(at.depth), to = this.y(depthAt(ghost, at.angle));
        ctx.strokeStyle = "#1a1a1a"; ctx.lineWidth = 3.5; ctx.beginPath(); ctx.moveTo(x, from); ctx.lineTo(x, to); ctx.stroke();
        ctx.strokeStyle = GHOST; ctx.lineWidth = 1.6; ctx.stroke();
        ctx.fillStyle = GHOST; ctx.strokeStyle = "#1a1a1a"; ctx.lineWidth = 1.2; mark(ctx, "circle", x, from, 4, true);
      }
      ctx.restore();
    }
    const track = this.tracks()[0];
    this.label(ctx, [`${KINDS[kindOf(ghost.pick)].label}, ${text}`, poor ? "Enter keeps it as proposed, Esc drops it" : "Enter keeps it, Esc drops it"], this.xs(track, at.angle)[0], this.y(at.depth), poor ? "#7a2c00" : "#1a1a1a");
  }

  paintOverview() {
    const ctx = this.fit(this.overview), w = this.overview.clientWidth, h = this.overview.clientHeight;
    const { top, base } = this.well, bins = Math.max(1, Math.floor(h / 3));
    if (this.countedRevision !== this.store.revision || this.bins !== bins) {
      this.countedRevision = this.store.revision;
      this.bins = bins;
      this.counts = Array.from({ length: bins }, () => [0, 0, 0]); // Picks that are reviewed, that are open, and the open ones with low confidence.
      for (const p of this.store.planes) {
        const bin = this.counts[Math.min(Math.max(Math.floor((p.z - top) / (base - top) * bins), 0), bins - 1)];
        if (p.pick.status === "rejected") continue;
        if ((p.pick.status ?? "proposed") !== "proposed") bin[0]++; else { bin[1]++; if ((p.pick.confidence ?? 1) < 0.5) bin[2]++; }
      }
    }
    const most = Math.max(1, ...this.counts.map(([a, b]) => a + b)), full = w - 8;
    this.counts.forEach(([reviewed, open, doubtful], i) => {
      const y = i * h / bins, d = full * reviewed / most, o = full * open / most;
      ctx.fillStyle = css("--muted"); ctx.fillRect(4, y, d, 2.4);
      ctx.fillStyle = css("--accent"); ctx.fillRect(4 + d, y, o, 2.4);
      ctx.fillStyle = css("--warn"); ctx.fillRect(4 + d + o - full * doubtful / most, y, full * doubtful / most, 2.4);
    });
    const at = (depth) => (depth - top) / (base - top) * h;
    for (const zone of this.well.drift) {
      ctx.fillStyle = DRIFT[zone.state];
      ctx.fillRect(0, at(zone.top_m), 3, Math.max(at(zone.base_m) - at(zone.top_m), 2));
    }
    ctx.strokeStyle = css("--ink"); ctx.lineWidth = 1.5;
    ctx.strokeRect(1, at(this.top), w - 2, Math.max(at(this.base) - at(this.top), 4));
  }

  go(depth, share = 0.5) {
    const span = this.height * this.scale;
    this.top = depth - span * share;
    this.clamp();
    this.draw();
  }

  scroll(by) { this.top += by; this.clamp(); this.draw(); }

  clamp() {
    const margin = 30 * this.scale, span = this.height * this.scale;
    this.top = Math.max(Math.min(this.top, this.well.base + margin - span), this.well.top - margin);
  }

  // Scale of depth as on paper: metres of hole in a metre of screen.
  get paperScale() { return this.scale / M_PER_PX; }
  get paperScales() { return [this.well.row / 16, this.well.row * 2 ** (this.well.levels - 1) * 1.5].map((scale) => scale / M_PER_PX); }

  // Scale at which the wall of a hole has its true proportions.
  trueProportions(diameter) { return Math.PI * diameter / this.turn(this.tracks()[0]) / M_PER_PX; }

  zoomTo(paperScale) { this.zoom(paperScale / this.paperScale); }

  zoom(factor, y = this.height / 2) {
    const depth = this.depth(y), [finest, coarsest] = this.paperScales;
    this.scale = Math.min(Math.max(this.paperScale * factor, finest), coarsest) * M_PER_PX;
    this.top = depth - (y - HEAD) * this.scale;
    this.clamp();
    this.draw();
  }

  // Draw the image straightened along a plane, from the finest tiles.
  straighten(canvas, plane, reach = 0.12) {
    const ctx = this.fit(canvas), w = canvas.clientWidth, h = canvas.clientHeight;
    const { columns, rows, row, top } = this.well, name = this.options.image === "both" ? "dynamic" : this.options.image;
    const out = ctx.createImageData(columns, 64), pixels = new Uint32Array(out.data.buffer);
    if (name !== "colour" && !this.tiles.tables[name]) return;
    for (let c = 0; c < columns; c++) {
      const angle = wrap((c + 0.5) / columns * 360 + this.options.north), column = Math.floor(angle / 360 * columns) % columns;
      const z = depthAt(plane, angle);
      for (let r = 0; r < 64; r++) {
        const index = Math.floor((z + ((r + 0.5) / 64 - 0.5) * 2 * reach - top) / row), number = Math.floor(index / rows);
        const bytes = this.tiles.bytes(name, 0, number);
        pixels[r * columns + c] = bytes && index >= 0 ? this.tiles.pixel(name, bytes, (index - number * rows) * columns + column) : 0;
      }
    }
    const flat = new OffscreenCanvas(columns, 64);
    flat.getContext("2d").putImageData(out, 0, 0);
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(flat, 0, 0, w, h);
    ctx.strokeStyle = "#ffe14d"; ctx.setLineDash([3, 5]); ctx.beginPath(); ctx.moveTo(0, h / 2); ctx.lineTo(w, h / 2); ctx.stroke(); ctx.setLineDash([]);
    ctx.font = "11px system-ui, sans-serif"; ctx.fillStyle = "#fff"; ctx.strokeStyle = "#000"; ctx.lineWidth = 3;
    const text = `straightened, ±${Math.round(reach * 100)} cm`;
    ctx.strokeText(text, 6, 13); ctx.fillText(text, 6, 13);
  }
}
