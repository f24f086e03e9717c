// A layer on this page: its items, its planes by depth, the selection, and its edits.

import * as api from "./api.js";
import { between, firstBelow, planeOf } from "./planes.js";

export class Store {
  // Stores that share an outbox send their edits one after the other.
  constructor(changed, notify, connection, outbox) {
    Object.assign(this, { changed, notify, connection, outbox });
    this.clear();
  }

  clear() { this.canUndo = this.canRedo = false; this.items = new Map(); this.planes = []; this.version = 0; this.selected = new Set(); this.loaded = false; this.tallest = 0; this.sent = []; this.stale = false; }

  async open(well, layer, person) {
    Object.assign(this, { well, layer, person });
    this.clear();
    this.place(new Set());
    await this.reload();
  }

  // Load the layer from the server, in place of the state of this page.
  async reload() {
    const { well, layer } = this, now = await api.layer(well, layer, 0, this.person);
    if (this.well !== well || this.layer !== layer) return;
    this.items.clear();
    this.planes = [];
    this.stale = false;
    this.applyAnswer(now);
    this.loaded = true;
    this.changed();
  }

  // Apply an answer of the server, and on top of it the edits that this page has sent and that have no answer yet.
  applyAnswer({ version, items, can_undo, can_redo }) {
    if (can_undo != null) Object.assign(this, { canUndo: can_undo, canRedo: can_redo });
    const touched = new Set(Object.keys(items));
    for (const [id, fields] of Object.entries(items)) this.set(id, fields);
    for (const sent of this.sent) for (const [id, fields] of Object.entries(sent)) {
      this.set(id, fields && { ...this.items.get(id), ...fields });
      touched.add(id);
    }
    this.version = Math.max(this.version, version);
    this.place(touched);
  }

  set(id, fields) { if (fields) this.items.set(id, fields); else { this.items.delete(id); this.selected.delete(id); } }

  // Keep picks and vugs in order of depth: a few are inserted, many are sorted anew.
  place(touched) {
    const many = touched.size > 50;
    if (many) this.planes = this.planes.filter((p) => !touched.has(p.id));
    for (const id of touched) {
      if (id[0] !== "p" && id[0] !== "v") continue;
      if (!many) { const old = this.planes.findIndex((p) => p.id === id); if (old >= 0) this.planes.splice(old, 1); }
      const fields = this.items.get(id);
      if (!fields) continue;
      const plane = planeOf(id, fields);
      this.tallest = Math.max(this.tallest, plane.size);
      if (many) this.planes.push(plane); else this.planes.splice(firstBelow(this.planes, plane.z), 0, plane);
    }
    if (many) this.planes.sort((p, q) => p.z - q.z);
    this.revision = (this.revision ?? 0) + 1;
  }

  // Boxes of a program that nobody has reviewed, by depth.
  unreviewedLobes() {
    if (this.listedLobes !== this.revision) {
      this.listedLobes = this.revision;
      this.openLobes = [...this.items].filter(([id, f]) => id[0] === "b" && f.status === "proposed").map(([id, f]) => ({ id, z: (f.top_m + f.base_m) / 2, confidence: f.confidence }))
        .sort((p, q) => p.z - q.z);
    }
    return this.openLobes;
  }

  intervals() { return [...this.items].filter(([id]) => id[0] === "i").map(([id, f]) => ({ id, ...f })); }

  between(top, base) { return between(this.planes, this.tallest, top, base); }

  unreviewed() {
    if (this.listedRevision !== this.revision) {
      this.listedRevision = this.revision;
      this.openPlanes = this.planes.filter((p) => (p.pick.status ?? "proposed") === "proposed");
    }
    return this.openPlanes;
  }

  select(ids) { this.selected = new Set(ids); if (this.selected.size) this.stores?.deselectOthers(this); this.changed(); }

  one() { return this.selected.size === 1 ? [...this.selected][0] : null; }

  // `viewedVersion` is the version on the screen when the person decided, not the one when the edit is sent.
  async edit(kind, items, viewedVersion = this.version) {
    if (!Object.keys(items).length) return;
    const { well, layer, person } = this, key = api.newKey();
    Object.assign(this, { canUndo: true, canRedo: false });
    this.sent.push(items); // The change shows at once; the answer of the server replaces it.
    this.applyAnswer({ version: 0, items: {} });
    this.changed();
    this.stores?.add(this);
    const answer = await this.act(() => api.post(well, layer, "edits", { person, kind, items, seen: viewedVersion, key }), items);
    if (!answer) this.stores?.drop(this);
    return answer;
  }

  async act(task, items = null) {
    const { well, layer } = this, here = () => this.well === well && this.layer === layer;
    const acknowledge = () => { this.sent = this.sent.filter((one) => one !== items); };
    try {
      return await this.outbox.send(async () => { // The answer is applied before the next edit is sent with its version.
        const answer = await task();
        acknowledge();
        if (here()) { this.applyAnswer(answer); this.changed(); }
        return answer;
      });
    } catch (error) {
      acknowledge();
      this.notify(error.status === 409 ? `Not done: ${error.message}. The screen shows how it is now.` : error.message, true);
      if (here()) { this.stale = true; await this.poll().catch(() => {}); } // If this fails, the next poll tries again.
      return null;
    }
  }

  undo(again = false) {
    const { well, layer, person } = this;
    return this.act(() => api.post(well, layer, again ? "redo" : "undo", { person, seen: this.version }));
  }

  begin(source) {
    const { well, layer, person } = this, key = api.newKey();
    this.stores?.add(this);
    return this.act(() => api.post(well, layer, "begin", { person, source, key }));
  }

  // Load what other people changed meanwhile.
  async poll() {
    if (!this.loaded || !this.outbox.empty) return;
    if (this.stale) { await this.reload(); return; }
    const { well, layer, version } = this;
    const now = await api.layer(well, layer, version, this.person);
    if (this.outbox.empty) this.connection("");
    if (this.well !== well || this.layer !== layer || !this.outbox.empty || now.version === this.version) return;
    this.applyAnswer(now);
    this.changed();
    const others = (now.people ?? []).filter((name) => name !== this.person);
    if (others.length) this.notify(`${others.join(", ")} edited this layer`);
  }
}

// The stores of this page: one of them holds the selection, and the last edit of any of them is undone first.
export class Stores {
  constructor(stores) {
    this.stores = stores;
    this.clear();
    for (const store of stores) store.stores = this;
  }

  clear() { this.done = []; this.undone = []; }
  deselectOthers(store) { for (const other of this.stores) if (other !== store) other.selected = new Set(); }
  add(store) { this.done.push(store); this.undone = []; }
  drop(store) { const last = this.done.lastIndexOf(store); if (last >= 0) this.done.splice(last, 1); }

  get canUndo() { return this.stores.some((store) => store.canUndo); }
  get canRedo() { return this.stores.some((store) => store.canRedo); }

  // Edits of earlier visits have no order here: those of the first store are undone first.
  undo(again = false) {
    const [from, to] = again ? [this.undone, this.done] : [this.done, this.undone], last = from.pop();
    const store = last ?? this.stores.find((one) => again ? one.canRedo : one.canUndo);
    if (!store) return null;
    to.push(store);
    return store.undo(again);
  }
}
