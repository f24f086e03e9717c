// A layer as this page knows it: items, planes by depth, what is selected; and the way each edit takes.

import * as api from "./api.js";
import { between, firstBelow, planeOf } from "./planes.js";

export class Store {
  constructor(changed, told, connection, signedIn) {
    Object.assign(this, { changed, told, connection });
    this.outbox = new api.Outbox(connection, signedIn);
    this.clear();
  }

  clear() { this.canUndo = this.canRedo = false; this.items = new Map(); this.planes = []; this.version = 0; this.selected = new Set(); this.loaded = false; this.tallest = 0; this.sent = []; this.stale = false; }

  async open(well, layer, person) {
    Object.assign(this, { well, layer, person });
    this.clear();
    this.place(new Set());
    await this.reload();
  }

  // The layer as the server has it, in place of what this page made of it.
  async reload() {
    const { well, layer } = this, now = await api.layer(well, layer, 0, this.person);
    if (this.well !== well || this.layer !== layer) return;
    this.items.clear();
    this.planes = [];
    this.stale = false;
    this.take(now);
    this.loaded = true;
    this.changed();
  }

  // What the server says, and on top of it what this page has sent and not heard of yet.
  take({ version, items, can_undo, can_redo }) {
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

  // Planes by depth: a few are put in their places, many are sorted anew.
  place(touched) {
    const many = touched.size > 50;
    if (many) this.planes = this.planes.filter((p) => !touched.has(p.id));
    for (const id of touched) {
      if (id[0] !== "p") continue;
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

  intervals() { return [...this.items].filter(([id]) => id[0] === "i").map(([id, f]) => ({ id, ...f })); }

  between(top, base) { return between(this.planes, this.tallest, top, base); }

  unreviewed() {
    if (this.counted !== this.revision) {
      this.counted = this.revision;
      this.open_list = this.planes.filter((p) => (p.pick.status ?? "proposed") === "proposed");
    }
    return this.open_list;
  }

  select(ids) { this.selected = new Set(ids); this.changed(); }

  one() { return this.selected.size === 1 ? [...this.selected][0] : null; }

  // `seen` is the version that the person looked at when deciding, not the one that is there when the edit is sent.
  async edit(kind, items, seen = this.version) {
    if (!Object.keys(items).length) return;
    const { well, layer, person } = this, key = api.newKey();
    Object.assign(this, { canUndo: true, canRedo: false });
    this.sent.push(items); // what one does shows at once; what the server makes of it replaces it
    this.take({ version: 0, items: {} });
    this.changed();
    return this.act(() => api.post(well, layer, "edits", { person, kind, items, seen, key }), items);
  }

  async act(task, items = null) {
    const { well, layer } = this, here = () => this.well === well && this.layer === layer;
    const heard = () => { this.sent = this.sent.filter((one) => one !== items); };
    try {
      return await this.outbox.send(async () => { // heard before the next one is sent, which tells what was seen
        const answer = await task();
        heard();
        if (here()) { this.take(answer); this.changed(); }
        return answer;
      });
    } catch (error) {
      heard();
      this.told(error.status === 409 ? `Not done: ${error.message}. The screen shows how it is now.` : error.message, true);
      if (here()) { this.stale = true; await this.poll().catch(() => {}); } // if not now, then with the next poll
      return null;
    }
  }

  undo(again = false) {
    const { well, layer, person } = this;
    return this.act(() => api.post(well, layer, again ? "redo" : "undo", { person, seen: this.version }));
  }

  begin(source) {
    const { well, layer, person } = this, key = api.newKey();
    return this.act(() => api.post(well, layer, "begin", { person, source, key }));
  }

  // What others did meanwhile.
  async poll() {
    if (!this.loaded || !this.outbox.empty) return;
    if (this.stale) { await this.reload(); return; }
    const { well, layer, version } = this;
    const now = await api.layer(well, layer, version, this.person);
    if (this.outbox.empty) this.connection("");
    if (this.well !== well || this.layer !== layer || !this.outbox.empty || now.version === this.version) return;
    this.take(now);
    this.changed();
    const others = (now.people ?? []).filter((name) => name !== this.person);
    if (others.length) this.told(`${others.join(", ")} edited this layer`);
  }
}
