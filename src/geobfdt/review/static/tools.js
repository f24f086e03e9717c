// Mouse and keyboard on the log.

import * as api from "./api.js";
import { depthAt, planeOf, wrap } from "./planes.js";

const NUDGE = 0.002, TURN = 2, GROW = 0.002;
const MAX_WIDTH = 180; // A lobe is at most half of the wall (deg).

export class Tools {
  // `lobes` is the store of the breakout table, `vugs` that of the vug table, `stores` all stores together.
  constructor(view, { store, lobes, vugs }, stores, ui) {
    Object.assign(this, { view, store, lobes, vugs, stores, ui });
    this.tool = "select";
    this.points = [];
    this.pendingSnap = null; // The snap request in progress; the answer to an older one is dropped.
    this.ghost = null; // The snapped trace, until the person keeps or drops it.
    const canvas = view.canvas;
    canvas.addEventListener("pointerdown", (e) => this.down(e));
    canvas.addEventListener("pointermove", (e) => this.move(e));
    canvas.addEventListener("pointerup", (e) => this.up(e));
    canvas.addEventListener("pointerleave", () => ui.hover(null));
    canvas.addEventListener("pointercancel", () => { this.drag = null; this.show(null); });
    canvas.addEventListener("wheel", (e) => {
      e.preventDefault();
      if (e.ctrlKey || e.metaKey) view.zoom(Math.exp(e.deltaY * 0.0015), e.offsetY);
      else view.scroll(e.deltaY * (e.deltaMode ? 30 : 1) * view.scale);
      ui.scrolled();
    }, { passive: false });
    document.addEventListener("keydown", (e) => this.key(e));
  }

  choose(tool) { this.tool = tool; this.points = []; this.drag = null; this.drop(); this.ui.tool(tool); }

  // Drop the ghost, and an answer that is still to come.
  drop() { this.pendingSnap = this.ghost = null; this.ui.snapping(false); this.show(null); }

  show(overlay) { this.view.options.overlay = overlay; this.view.draw(); }

  zoom(factor) { this.view.zoom(factor); this.ui.scrolled(); }

  at(e) {
    const track = this.view.trackAt(e.offsetX);
    return { x: e.offsetX, y: e.offsetY, depth: this.view.depth(e.offsetY), angle: track && this.view.angle(track, e.offsetX), track };
  }

  down(e) {
    if (e.button || !this.view.well) return;
    this.view.canvas.focus();
    this.view.canvas.setPointerCapture(e.pointerId);
    const from = this.at(e);
    if (this.tool === "ruler" || this.tool === "complete" || this.tool === "ignore") this.drag = { kind: this.tool, from };
    else if (this.tool === "box") { if (from.track) this.drag = { kind: "box", from }; }
    else if (this.tool === "one" || this.tool === "three") { if (from.track) this.point(from); }
    else {
      if (this.ghost) this.drop();
      const hit = this.view.hit(from.x, from.y);
      const store = hit?.store ?? this.store;
      if (hit && e.shiftKey) {
        const now = new Set(store.selected);
        if (now.has(hit.id)) now.delete(hit.id); else now.add(hit.id);
        store.select(now);
      } else if (hit) {
        if (!store.selected.has(hit.id)) store.select([hit.id]);
        const fields = store.items.get(hit.id);
        if (hit.track) this.drag = { kind: hit.part, id: hit.id, store, from, track: hit.track, before: { ...fields }, moved: false, viewedVersion: store.version };
      } else {
        this.drag = { kind: "pan", from, top: this.view.top };
      }
    }
  }

  move(e) {
    const to = this.at(e);
    this.ui.hover(to);
    if (!this.drag) { this.view.canvas.style.cursor = this.tool === "select" ? (this.view.hit(to.x, to.y) ? "pointer" : "default") : "crosshair"; return; }
    const { kind, from } = this.drag;
    if (kind === "pan") { this.view.top = this.drag.top - (to.y - from.y) * this.view.scale; this.view.clamp(); this.view.draw(); this.drag.moved ||= Math.abs(to.y - from.y) > 3; this.ui.scrolled(); }
    else if (kind === "complete" || kind === "ignore") this.show({ stretch: [from.depth, to.depth] });
    else if (kind === "box") this.show({ box: this.boxed(from, to) });
    else if (kind === "ruler") this.show({ ruler: { from, to, text: this.measured(from, to) } });
    else {
      if (!this.drag.moved && Math.hypot(to.x - from.x, to.y - from.y) < 3) return;
      this.drag.moved = true;
      this.drag.fields = this.dragged(to);
      this.drag.store.applyAnswer({ version: 0, items: { [this.drag.id]: { ...this.drag.before, ...this.drag.fields } } });
      this.drag.store.changed();
    }
  }

  dragged(to) {
    const { kind, from, before, track, store } = this.drag, dz = to.depth - from.depth;
    if (store === this.lobes) return this.draggedLobe(to);
    if (kind !== "deepest") return { depth_m: before.depth_m + dz };
    const x = Math.min(Math.max(to.x, track.x), track.x + track.width - 1);
    const size = (before.amplitude_m ?? 0) + dz;
    const halfTurn = size < 0 ? 180 : 0; // Dragged up through the middle, the plane dips to the other side.
    return { amplitude_m: Math.abs(size), azimuth_app_deg: wrap(this.view.angle(track, x) + halfTurn) };
  }

  // An edge stops at the opposite one; a side leaves the opposite side where it is.
  draggedLobe(to) {
    const { kind, from, before, track } = this.drag, dz = to.depth - from.depth;
    if (kind === "top") return { top_m: +Math.min(before.top_m + dz, before.base_m).toFixed(6) };
    if (kind === "base") return { base_m: +Math.max(before.base_m + dz, before.top_m).toFixed(6) };
    const turn = (to.x - from.x) / this.view.turn(track) * 360;
    if (kind === "azimuth") return { azimuth_app_deg: +wrap(before.azimuth_app_deg + turn).toFixed(6) };
    const outward = kind === "right" ? 1 : -1, width = Math.min(Math.max(before.width_deg + outward * turn, 1), MAX_WIDTH);
    return { width_deg: +width.toFixed(6), azimuth_app_deg: +wrap(before.azimuth_app_deg + outward * (width - before.width_deg) / 2).toFixed(6) };
  }

  up(e) {
    const drag = this.drag, to = this.at(e);
    this.drag = null;
    if (!drag) return;
    if (drag.kind === "pan") { if (!drag.moved) this.release(); }
    else if (drag.kind === "complete" || drag.kind === "ignore") { this.show(null); this.interval(drag.kind, drag.from.depth, to.depth); }
    else if (drag.kind === "box") { this.show(null); this.addLobe(this.boxed(drag.from, to)); }
    else if (drag.moved && drag.kind !== "ruler") {
      drag.store.applyAnswer({ version: 0, items: { [drag.id]: drag.before } }); // the edit starts from what was there
      drag.store.edit("move", { [drag.id]: drag.fields }, drag.viewedVersion); // The version keeps the edit from overwriting a later change.
    }
  }

  // The box between two points: it stays within the well and the track.
  boxed({ track, x, depth }, to) {
    const { well } = this.view, end = Math.min(Math.max(to.x, track.x), track.x + track.width), degrees = Math.abs(end - x) / this.view.turn(track) * 360;
    const [top, base] = [depth, to.depth].map((z) => Math.min(Math.max(z, well.top), well.base)).sort((a, b) => a - b);
    return { top_m: +top.toFixed(4), base_m: +base.toFixed(4), azimuth_app_deg: +this.view.angle(track, (x + end) / 2).toFixed(2), width_deg: +Math.min(degrees, MAX_WIDTH).toFixed(2) };
  }

  // A click draws nothing; the person says what the box is.
  async addLobe({ width_deg, ...place }) {
    const { top_m, base_m } = place, { well } = this.store;
    if (base_m - top_m < 2 * this.view.scale) return;
    const choices = { ...(width_deg >= 1 ? { Breakout: { class: "breakout", width_deg } } : {}), "Induced fracture": { class: "induced" } };
    const choice = await this.ui.choose(`${top_m.toFixed(2)} to ${base_m.toFixed(2)} m, ${width_deg.toFixed(0)}° wide. What is it?`, choices);
    if (!choice || this.lobes.well !== well) return;
    const id = "b" + api.newKey().slice(0, 12);
    this.choose("select");
    this.lobes.edit("add", { [id]: { ...place, ...choice, status: "edited" } });
    this.lobes.select([id]);
  }

  measured(from, to) {
    const dz = to.depth - from.depth, parts = [`${(dz * 100).toFixed(1)} cm`];
    if (from.angle != null && to.angle != null) {
      const turn = ((to.angle - from.angle + 540) % 360) - 180;
      parts.push(`${turn.toFixed(0)}°`);
      const wide = this.ui.diameter(from.depth);
      if (wide) parts.push(`${(Math.hypot(dz, wide / 2 * turn * Math.PI / 180) * 100).toFixed(1)} cm along the wall`);
    }
    return parts.join(", ");
  }

  async interval(kind, a, b) {
    const well = this.view.well, top = Math.max(Math.min(a, b), well.top), base = Math.min(Math.max(a, b), well.base);
    if (base - top < 2 * this.view.scale) return;
    const choices = kind === "complete" ? { "Both classes": ["bedding", "fracture"], Bedding: ["bedding"], Fractures: ["fracture"] }
      : { Breakout: ["breakout"], "Induced fracture": ["induced fracture"], "Bad image": ["bad image"] };
    const open = this.store.unreviewed().filter((p) => p.z >= top && p.z <= base).length;
    const question = `${top.toFixed(2)} to ${base.toFixed(2)} m: ` + (kind === "complete"
      ? `you looked for every plane here${open ? `. ${open} proposals in it are not reviewed; training takes those you do not accept as not there` : ""}. Of which class?`
      : "to be ignored. What is it?");
    const classes = await this.ui.choose(question, choices);
    if (!classes) return;
    const items = {};
    for (const name of classes) items["i" + api.newKey().slice(0, 12)] = { kind: kind === "complete" ? "interpreted" : "ignored", class: name, top_m: +top.toFixed(4), base_m: +base.toFixed(4) };
    this.choose("select");
    await this.store.edit(kind, items);
  }

  async point(at) {
    if (this.tool === "one") { this.requestSnap({ kind: "add", at, id: "p" + api.newKey().slice(0, 12) }); return; }
    this.points.push(at);
    this.show({ points: this.points });
    if (this.points.length < 3) return;
    const points = this.points;
    this.points = [];
    const { well, layer } = this.store;
    try {
      const trace = await api.snap(well, points.map((p) => p.depth), points.map((p) => p.angle), layer);
      if (this.store.well !== well || this.store.layer !== layer) return;
      const { depth_m, amplitude_m, azimuth_app_deg } = trace, place = { depth_m, amplitude_m, azimuth_app_deg }, id = "p" + api.newKey().slice(0, 12);
      this.store.edit("add", { [id]: { ...place, class: this.ui.usual(place), status: "edited" } });
      this.store.select([id]);
    } catch (error) { this.ui.notify(error.message, true); }
    this.show(null);
  }

  // Ask the server for the plane at a point; the answer is a ghost that Enter keeps and Esc drops.
  async requestSnap({ kind, at, id }) {
    const { well, layer, version } = this.store, before = JSON.stringify(this.store.items.get(id) ?? null);
    const request = this.pendingSnap = { kind, id, well, layer, before };
    this.ghost = null;
    this.ui.snapping(true);
    this.show({ waiting: at });
    let trace = null;
    try {
      trace = await api.snap(well, [at.depth], [at.angle], kind === "add" ? layer : null);
    } catch (error) {
      if (this.pendingSnap === request) this.ui.notify(error.message, true);
    }
    if (this.pendingSnap !== request) return; // After another click, another well or Esc, the answer is not needed.
    this.pendingSnap = null;
    this.ui.snapping(false);
    this.show(null);
    if (!trace) return;
    const { depth_m, amplitude_m, azimuth_app_deg } = trace, place = { depth_m, amplitude_m, azimuth_app_deg };
    const existing = this.store.items.get(id);
    this.ghost = { ...request, at, viewedVersion: version, place, class: existing?.class ?? (trace.class || this.ui.usual(place)), distance: trace.distance_m, quality: trace.quality, poor: trace.poor };
    if (this.stillFits()) this.paint();
  }

  // Whether the pick is unchanged since the request: a later decision is not overwritten.
  stillFits() {
    const request = this.ghost ?? this.pendingSnap;
    if (!request) return false;
    const { store } = this, here = request.well === store.well && request.layer === store.layer;
    if (here && JSON.stringify(store.items.get(request.id) ?? null) === request.before) return true;
    this.drop();
    if (here) this.ui.notify("This pick was decided on meanwhile; the snap is dropped", true);
    return false;
  }

  paint() {
    const { ghost } = this, mm = Math.round(1000 * ghost.distance);
    const text = `${mm < 20 ? `${mm} mm` : `${(mm / 10).toFixed(1)} cm`} from the click, quality ${ghost.quality || "–"}${ghost.poor ? ", a poor fit" : ""}`;
    this.show({ ghost: planeOf(ghost.id, { ...ghost.place, class: ghost.class }), at: ghost.at, text, poor: ghost.poor });
  }

  keep() {
    if (!this.stillFits()) return;
    const { kind, id, place, class: name, poor, viewedVersion } = this.ghost;
    const fields = { ...place, ...(kind === "add" ? { class: name } : {}), status: poor ? "proposed" : "edited", snapped: true };
    this.drop();
    this.store.edit(kind, { [id]: fields }, viewedVersion);
    this.store.select([id]);
    if (poor) this.ui.notify("It fits poorly and stays proposed: drag it, accept it as it is, or reject it", true);
  }

  release() { for (const store of this.stores.stores) store.select([]); }

  set(kind, fields) {
    const marks = [this.lobes, this.vugs].find((one) => one.selected.size);
    if (marks) {
      // A breakout or a vug has a status, and it is no plane.
      if (!fields.status) return;
      const [first] = marks.selected;
      marks.edit(kind, Object.fromEntries([...marks.selected].map((id) => [id, { ...fields }])));
      // Vugs are many, and are not gone through one by one.
      if (marks === this.lobes) this.ui.next(first); else this.release();
      return;
    }
    const ids = [...this.store.selected].filter((id) => id[0] === "p");
    if (!ids.length) return;
    const items = Object.fromEntries(ids.map((id) => [id, { ...fields }]));
    this.store.edit(kind, items);
    if (kind === "accept" || kind === "reject") this.ui.next(ids[0]);
  }

  name(which) {
    if (this.ghost?.kind === "add") { this.ghost.class = which; this.paint(); } else this.set("class", { class: which });
  }

  nudge(change) {
    const id = this.store.one(), now = id && this.store.items.get(id);
    if (now && id[0] === "p") this.store.edit("nudge", { [id]: change(now) });
  }

  snapSelected() {
    const id = this.store.one(), plane = id && this.store.planes.find((p) => p.id === id);
    if (!plane) return;
    const angle = wrap(Math.atan2(plane.b, plane.a) * 180 / Math.PI);
    this.requestSnap({ kind: "snap", id, at: { depth: depthAt(plane, angle), angle } });
  }

  remove() {
    for (const store of this.stores.stores) {
      const ids = [...store.selected];
      if (ids.length) store.edit("delete", Object.fromEntries(ids.map((id) => [id, null])));
    }
    this.release();
  }

  beside(way) {
    const one = this.store.one(), list = this.store.planes.filter((p) => p.pick.status !== "rejected");
    const depth = one ? this.store.items.get(one)?.depth_m : this.view.depth(this.view.height / 2);
    const neighbour = way > 0 ? list.find((p) => p.z > depth && p.id !== one) : list.findLast((p) => p.z < depth && p.id !== one);
    if (neighbour) this.ui.show(neighbour.id);
  }

  key(e) {
    if (!this.view.well || e.target.matches("input, textarea, select") || document.querySelector("dialog[open]")) return;
    const step = 60 * this.view.scale, page = 0.8 * this.view.height * this.view.scale, ctrl = e.ctrlKey || e.metaKey;
    const arrows = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -1, ArrowRight: 1 }, way = arrows[e.key];
    const upright = e.key === "ArrowUp" || e.key === "ArrowDown";
    const prevent = () => e.preventDefault();
    if (way && e.shiftKey) {
      prevent();
      this.nudge((f) => upright ? { depth_m: +(f.depth_m + way * NUDGE).toFixed(6) } : { azimuth_app_deg: wrap((f.azimuth_app_deg ?? 0) + way * TURN) });
    } else if (way && ctrl && upright) { prevent(); this.beside(way); }
    else if (way && upright) { prevent(); this.view.scroll(way * step); this.ui.scrolled(); }
    else if (e.key === "PageDown" || e.key === "PageUp" || e.key === " ") { prevent(); this.view.scroll((e.key === "PageUp" ? -1 : 1) * page); this.ui.scrolled(); }
    else if (e.key === "Home" || e.key === "End") { prevent(); this.view.go(e.key === "Home" ? this.view.well.top : this.view.well.base); this.ui.scrolled(); }
    else if (ctrl && e.key.toLowerCase() === "z") { prevent(); this.stores.undo(e.shiftKey); }
    else if (ctrl && e.key.toLowerCase() === "y") { prevent(); this.stores.undo(true); }
    else if (!ctrl && !e.altKey) {
      const keys = {
        a: () => this.set("accept", { status: "accepted" }), r: () => this.set("reject", { status: "rejected" }),
        f: () => this.name("fracture"), b: () => this.name("bedding"), ...(this.ghost ? { Enter: () => this.keep() } : {}),
        n: () => this.ui.next(), s: () => this.snapSelected(), c: () => this.choose("one"), t: () => this.choose("three"), d: () => this.choose("box"),
        o: () => this.choose("complete"), i: () => this.choose("ignore"), m: () => this.choose("ruler"),
        g: () => this.ui.depth(), h: () => this.ui.hide(), v: () => this.ui.vugs(), "?": () => this.ui.help(), Delete: () => this.remove(), Backspace: () => this.remove(),
        "+": () => this.zoom(0.8), "=": () => this.zoom(0.8), "-": () => this.zoom(1.25),
        "[": () => this.nudge((f) => ({ amplitude_m: Math.max((f.amplitude_m ?? 0) - GROW, 0) })), "]": () => this.nudge((f) => ({ amplitude_m: (f.amplitude_m ?? 0) + GROW })),
        Escape: () => {
          if (this.ghost || this.pendingSnap) { this.drop(); return; } // The tool stays selected.
          if (this.drag?.before) this.drag.store.applyAnswer({ version: 0, items: { [this.drag.id]: this.drag.before } });
          if (this.tool === "select") this.release();
          this.choose("select");
        },
      };
      const act = keys[e.key] ?? keys[e.key.toLowerCase()];
      if (act) { prevent(); act(); }
    }
  }
}
