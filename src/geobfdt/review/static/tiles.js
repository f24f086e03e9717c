// Tiles: fetched as bytes, coloured here, and kept in a cache.

import { tilePath } from "./api.js";

const STOPS = {
  heat: ["#000000", "#3f1d0b", "#7d3b0c", "#bf6a13", "#e79f2c", "#f8d36d", "#ffffff"],
  grey: ["#000000", "#ffffff"],
  viridis: ["#440154", "#443983", "#31688e", "#21918c", "#35b779", "#90d743", "#fde725"],
};
const UNMEASURED = [0xcc, 0xd1, 0xd8];
const MAX_TILES = 400;

const pack = ([r, g, b]) => (255 << 24) | (b << 16) | (g << 8) | r;
const rgb = (text) => [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));

export function colourTable(name, low, high) {
  const stops = STOPS[name].map(rgb), table = new Uint32Array(256);
  table[0] = pack(UNMEASURED);
  for (let v = 1; v < 256; v++) {
    const tone = Math.min(Math.max(((v - 1) / 254 - low) / Math.max(high - low, 1e-3), 0), 1) * (stops.length - 1);
    const i = Math.min(Math.floor(tone), stops.length - 2), f = tone - i;
    table[v] = pack(stops[i].map((c, k) => Math.round(c + (stops[i + 1][k] - c) * f)));
  }
  return table;
}

export class Tiles {
  constructor(changed) { this.changed = changed; this.cache = new Map(); this.tables = {}; this.generation = 0; }

  open(well) {
    this.well = well;
    this.cache.clear();
    this.last = (level) => Math.ceil((well.base - well.top) / (well.row * 2 ** level) / well.rows) - 1;
  }

  colours(variable, ramp, low, high) {
    const key = [ramp, low, high].join();
    if (this.tables[variable]?.key === key) return;
    this.tables[variable] = { key, table: colourTable(ramp, low, high) };
    for (const tile of this.cache.values()) if (tile.variable === variable) tile.stale = true;
  }

  // Return the coloured tile, or null until it has arrived.
  get(variable, level, number) {
    if (number < 0 || number > this.last(level)) return null;
    const key = `${variable}/${level}/${number}`;
    let tile = this.cache.get(key);
    if (!tile) {
      tile = { variable, bytes: null, canvas: null, stale: true };
      this.cache.set(key, tile);
      this.fetch(key, tile, level, number);
      while (this.cache.size > MAX_TILES) this.cache.delete(this.cache.keys().next().value);
      return null;
    }
    this.cache.delete(key); // The tile that was used last is the last in the map.
    this.cache.set(key, tile);
    if (tile.bytes && tile.stale) this.paint(tile);
    return tile.canvas;
  }

  bytes(variable, level, number) { this.get(variable, level, number); return this.cache.get(`${variable}/${level}/${number}`)?.bytes; }

  // Return a pixel of a tile as the canvas holds it. A tile of colours has four bytes a pixel, the others one tone.
  pixel(variable, bytes, i) {
    if (variable !== "colour") return this.tables[variable].table[bytes[i]];
    return bytes[4 * i + 3] ? pack([bytes[4 * i], bytes[4 * i + 1], bytes[4 * i + 2]]) : pack(UNMEASURED);
  }

  async fetch(key, tile, level, number) {
    const well = this.well;
    try {
      const answer = await fetch(tilePath(well.well, tile.variable, level, number));
      if (!answer.ok) throw new Error(answer.statusText);
      tile.bytes = new Uint8Array(await answer.arrayBuffer());
      if (well === this.well) this.changed();
    } catch { // The tile is fetched again a little later.
      setTimeout(() => { if (this.cache.get(key) === tile) this.cache.delete(key); this.changed(); }, 2000);
    }
  }

  paint(tile) {
    const { columns, rows } = this.well, table = this.tables[tile.variable]?.table;
    tile.canvas ??= new OffscreenCanvas(columns, rows);
    const picture = new ImageData(columns, rows), out = new Uint32Array(picture.data.buffer);
    if (table) for (let i = 0; i < tile.bytes.length; i++) out[i] = table[tile.bytes[i]];
    else for (let i = 0; i < out.length; i++) out[i] = this.pixel(tile.variable, tile.bytes, i);
    tile.canvas.getContext("2d").putImageData(picture, 0, 0);
    tile.stale = false;
  }
}
