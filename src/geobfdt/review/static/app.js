// The page: what the server has, put together with what the person does.

import * as api from "./api.js";
import { KINDS, kindOf, planeOf } from "./planes.js";
import { drawNet, drawRose } from "./plots.js";
import { Store } from "./store.js";
import { Tiles } from "./tiles.js";
import { Tools } from "./tools.js";
import { View } from "./view.js";

const $ = (id) => document.getElementById(id);
const CONSENSUS = "consensus";
const options = { image: "dynamic", north: 0, turns: 1, ramp: "heat", hidden: false, rejected: true, beside: null, drawn: null };
let wells = [], well = null, person = "", poles = [], compared = null;

const tiles = new Tiles(() => { view.draw(); panelSoon(); });
const store = new Store(() => changed(), (text, stays) => told(text, stays));
const view = new View($("image-view"), $("overview"), tiles, store, options);
const ui = {
  tool: (name) => {
    document.querySelectorAll("[data-tool]").forEach((b) => b.setAttribute("aria-pressed", b.dataset.tool === name));
    if (well) changed();
  },
  told: (text, bad) => told(text, bad), hover: () => {}, scrolled: () => panelSoon(), next: (id) => next(id), show: (id) => show(id),
  depth: () => { $("depth").focus(); $("depth").select(); }, help: () => $("keys").showModal(),
  hide: () => { options.hidden = !options.hidden; view.draw(); told(options.hidden ? "Picks are hidden (H shows them)" : ""); },
  choose, usual: (place) => usualClass(place), diameter: (depth) => holeAt("diameter", depth),
};
const tools = new Tools(view, store, ui);

let toastTimer = 0;
function told(text, stays = false) {
  clearTimeout(toastTimer);
  $("toast").textContent = text;
  $("toast").hidden = !text;
  $("toast").classList.toggle("bad", stays && !!text);
  if (text && !store.offline) toastTimer = setTimeout(() => { $("toast").hidden = true; }, stays ? 7000 : 3500);
}

function choose(text, choices) {
  return new Promise((done) => {
    const box = $("choose"), menu = $("choose-menu");
    $("choose-text").textContent = text;
    menu.replaceChildren(...[...Object.keys(choices), "Cancel"].map((name) => Object.assign(document.createElement("button"), { value: name, textContent: name })));
    box.returnValue = "";
    box.onclose = () => done(choices[box.returnValue] ?? null);
    box.showModal();
  });
}

function holeAt(name, depth) {
  const { depth: at, [name]: values } = well.hole;
  const i = Math.min(Math.max(Math.round((depth - at[0]) / (at.at(-1) - at[0]) * (at.length - 1)), 0), at.length - 1);
  return values[i];
}

// A plane nobody named is what most around it with that lie are.
function usualClass(place) {
  const flat = (place.amplitude_m ?? 0) < 0.6 * (holeAt("diameter", place.depth_m) ?? 0.2);
  return flat ? "bedding" : "fracture";
}

function fill(select, entries, value) {
  select.replaceChildren(...entries.map(([key, text]) => new Option(text, key)));
  if (entries.some(([key]) => key === value)) select.value = value;
}

async function start() {
  person = localStorage.getItem("geobfdt-name") ?? "";
  if (!person) {
    $("ask").showModal();
    await new Promise((done) => { $("ask").onclose = done; });
    person = $("name").value.trim().replace(/[/\\]/g, "-") || "somebody"; // a layer is called so, and layers are paths
    localStorage.setItem("geobfdt-name", person);
  }
  await refreshWells();
  const whole = wells.filter((w) => !w.damage);
  if (wells.length && !whole.length) { empty(`No well here can be read. ${wells[0].well}: ${wells[0].damage}`, {}); return; }
  if (!wells.length) { empty("This field holds no well. Bring one in with: geobfdt ingest FILE --field DIR. Then reload.", {}); return; }
  const wanted = new URLSearchParams(location.hash.slice(1));
  await openWell(whole.some((w) => w.well === wanted.get("well")) ? wanted.get("well") : whole[0].well, wanted.get("layer") ?? person);
  if (wanted.get("depth")) view.go(+wanted.get("depth"));
  setInterval(() => store.poll().catch(() => {}), 1000);
  setInterval(pace, 10000);
}

async function refreshWells() {
  wells = await api.wells();
  fill($("well"), wells.map((w) => [w.well, w.damage ? `${w.well} (damaged)` : w.name]), well?.well);
  wells.forEach((w, i) => { $("well").options[i].disabled = !!w.damage; });
}

async function openWell(name, layer = store.layer ?? person) {
  well = await api.well(name);
  const [low, high] = well.window[options.image === "static" ? "static" : "dynamic"];
  $("low").value = Math.round(100 * low); $("high").value = Math.round(100 * high);
  view.open(well);
  showDrift();
  $("well").value = name;
  document.title = `${well.name} - GeoBFDT review`;
  await openLayer(layer);
}

// Where the model is not at home, and why: beside the depths and along the overview, in words on hovering there.
function showDrift() {
  const words = { watch: "look first", abstain: "do not rely on picks" };
  $("overview").title = well.drift.map((z) => `${z.top_m.toFixed(0)}-${z.base_m.toFixed(0)} m, ${words[z.state]}: ${z.reason}`).join("\n");
  view.draw();
}

async function openLayer(layer) {
  const there = Object.keys(wells.find((w) => w.well === well.well)?.layers ?? {});
  const names = [...new Set([person, ...there, layer])];
  fill($("layer"), names.map((n) => [n, n === person ? `${n} (mine)` : n]), layer);
  fill($("beside"), [["", "none"], ...names.filter((n) => n !== layer).map((n) => [n, n])], "");
  compared = null; options.beside = null;
  location.hash = new URLSearchParams({ well: well.well, layer });
  await store.open(well.well, layer, person);
  $("compared").hidden = true;
  pace();
}

function empty(text, actions) {
  const box = $("empty");
  box.hidden = !text;
  if (!text) return;
  box.replaceChildren(Object.assign(document.createElement("p"), { textContent: text }));
  for (const [name, act] of Object.entries(actions)) box.append(Object.assign(document.createElement("button"), { textContent: name, onclick: act }));
}

function changed() {
  if (store.loaded && !store.items.size && !job && tools.tool === "select") {
    const known = wells.find((w) => w.well === well.well), actions = { "Run the picker": runPicker };
    if (known?.interpreted) actions["Begin with the picks of the field"] = () => store.begin("field");
    for (const name of Object.keys(known?.layers ?? {})) if (name !== store.layer) actions[`Begin with the layer of ${name}`] = () => store.begin(name);
    empty("Nothing is in this layer yet.", actions);
  } else empty("");
  view.draw();
  panelSoon();
}

let panelAsked = false;
function panelSoon() {
  if (panelAsked) return;
  panelAsked = true;
  setTimeout(() => { panelAsked = false; if (well) panel(); }, 30);
}

const number = (value, digits, unit = "") => value == null ? "–" : value.toFixed(digits) + unit;
const plusMinus = (value, sigma, digits, unit) => number(value, digits) + (sigma == null ? "" : ` ± ${sigma.toFixed(digits)}`) + (value == null ? "" : unit);

function panel() {
  card();
  const open = store.unreviewed(), all = store.planes.length;
  $("left").textContent = all ? `${open.length} of ${all} to review` : "no picks";
  $("next").disabled = !open.length;
  bulk(open);
  const scope = $("scope").value;
  const picks = scope === "all" ? store.planes : scope === "selected" ? store.planes.filter((p) => store.selected.has(p.id))
    : store.between(view.top, view.base).filter((p) => p.z >= view.top && p.z <= view.base);
  const shown = picks.filter((p) => p.pick.status !== "rejected" && p.pick.dip_true_deg != null);
  poles = drawNet($("net"), shown, store.selected);
  drawRose($("rose"), shown);
  const one = store.one(), plane = one && store.planes.find((p) => p.id === one);
  if (plane) view.straighten($("band"), plane);
  else view.fit($("band"));
  $("undo").disabled = $("redo").disabled = !store.loaded;
  if (document.activeElement !== $("depth")) $("depth").value = view.depth(view.height / 2).toFixed(2);
}

let bulked = "";
function bulk(open) {
  const sure = +$("sure").value / 100, key = `${store.revision}/${sure}`;
  if (key === bulked) return;
  bulked = key;
  const these = open.filter((p) => (p.pick.confidence ?? 0) >= sure), wrong = these.reduce((sum, p) => sum + 1 - p.pick.confidence, 0);
  $("sure-told").textContent = `≥ ${Math.round(100 * sure)} %`;
  $("bulk").disabled = !these.length;
  $("bulk").textContent = these.length ? `Accept ${these.length} (~${wrong < 1 ? wrong.toFixed(1) : Math.round(wrong)} wrong)` : "None so sure";
}

let carded = "";
function card() {
  const box = $("card"), ids = [...store.selected], one = store.one(), pick = one && store.items.get(one);
  const key = ids.join() + JSON.stringify(pick ?? null);
  if (key === carded) return;
  carded = key;
  if (!pick) {
    box.innerHTML = "";
    const text = ids.length ? `${ids.length} selected. A accepts them, R rejects them.` : "Click a trace, a tadpole or a pole. N goes to the next one to review.";
    box.append(Object.assign(document.createElement("p"), { className: "faint", textContent: text }));
    return;
  }
  if (one[0] === "i") {
    box.innerHTML = "";
    const text = `${pick.kind === "ignored" ? `Ignored: ${pick.class}` : `Complete for ${pick.class}`}, ${pick.top_m.toFixed(2)} to ${pick.base_m.toFixed(2)} m. Del takes it away.`;
    box.append(Object.assign(document.createElement("p"), { textContent: text }));
    return;
  }
  const rows = [
    ["depth", plusMinus(pick.depth_m, pick.sigma_depth_m, 3, " m"), "sure", number(pick.confidence, 2)],
    ["dip", plusMinus(pick.dip_true_deg, pick.sigma_dip_deg, 1, "°"), "quality", pick.quality || "–"],
    ["azimuth", plusMinus(pick.azimuth_true_deg, pick.sigma_azimuth_deg, 1, "°"), "continuity", number(pick.continuity, 2)],
    ["status", pick.status ?? "proposed", "source", pick.source ?? "–"],
    ["apparent", `${number(pick.dip_app_deg, 1, "°")} / ${number(pick.azimuth_app_deg, 0, "°")}`, "coverage", number(pick.coverage, 2)],
  ];
  const kind = KINDS[kindOf(pick)];
  let note = box.querySelector("textarea");
  if (note?.dataset.of !== one) {
    box.innerHTML = `<textarea placeholder="note" aria-label="note"></textarea>`;
    note = box.firstChild;
    note.dataset.of = one;
    note.onchange = () => store.edit("note", { [one]: { note: note.value } });
  }
  // A note that is being written stays, whatever happens to the pick meanwhile.
  while (box.firstChild !== note) box.firstChild.remove();
  note.insertAdjacentHTML("beforebegin", `<div class="row"><svg width="12" height="12"><circle cx="6" cy="6" r="5" fill="${kind.colour}"/></svg><b>${kind.label}</b><span class="gap"></span>
    <button data-act="accept" title="A">Accept</button><button data-act="reject" title="R">Reject</button></div><table>${rows.map((r) => `<tr>${r.map(() => "<td></td>").join("")}</tr>`).join("")}</table>`);
  box.querySelectorAll("td").forEach((cell, i) => { cell.textContent = cell.title = rows[Math.floor(i / 4)][i % 4]; });
  if (document.activeElement !== note) note.value = pick.note ?? "";
  box.querySelectorAll("[data-act]").forEach((b) => { b.onclick = () => tools.set(b.dataset.act, { status: b.dataset.act === "accept" ? "accepted" : "rejected" }); });
}

function show(id) {
  store.select([id]);
  const fields = store.items.get(id);
  if (fields && (fields.depth_m < view.top + 0.1 * (view.base - view.top) || fields.depth_m > view.base - 0.1 * (view.base - view.top))) view.go(fields.depth_m);
}

function next(after) {
  const open = store.unreviewed();
  if (!open.length) { finished(); return; }
  const from = after ?? store.one(), depth = from ? store.items.get(from)?.depth_m ?? -Infinity : -Infinity;
  if ($("order").value === "depth") show((open.find((p) => p.z > depth && p.id !== from) ?? open[0]).id);
  else show(open.reduce((best, p) => Math.abs((p.pick.confidence ?? 0.5) - 0.5) < Math.abs((best.pick.confidence ?? 0.5) - 0.5) ? p : best).id);
}

// With all reviewed, silence means "nothing there" only if somebody says so.
function finished() {
  told("All picks of this layer are reviewed");
  if (store.planes.length && !store.intervals().some((i) => i.kind === "interpreted")) tools.interval("complete", well.top, well.base);
}

async function pace() {
  if (!store.loaded || !store.items.size) { $("pace").textContent = ""; return; }
  const { minutes, metres, picks } = await api.pace(store.well, store.layer, person).catch(() => ({}));
  $("pace").textContent = minutes > 0 && picks > 1 ? `${(picks / minutes).toFixed(0)} picks/min` + (metres > 1 ? `, ${(minutes / metres).toFixed(2)} min/m` : "") : "";
}

// A job until it is done or failed, its progress told.
async function watched(one, doing) {
  while (one.state === "waiting" || one.state === "running") {
    $("job").textContent = one.state === "waiting" ? "waiting" : `${doing}, ${Math.round(100 * one.share)} %`;
    await new Promise((go) => setTimeout(go, 400));
    one = await api.job(one.id);
  }
  $("job").textContent = "";
  return one;
}

async function bringIn(file) {
  try {
    $("job").textContent = `sending ${file.name}`;
    const before = new Set(wells.map((w) => w.well)), sent = async (replace) => watched(await api.upload(file, replace), `reading ${file.name}`);
    let done = await sent(false);
    if (done.message.includes("is in the field already") && await choose(`${done.message.split(";")[0]}. Its picks and reviews stay, beside the new image.`, { "Replace the image": true })) done = await sent(true);
    if (done.state !== "done") { told(done.message, true); return; }
    await refreshWells();
    const fresh = wells.find((w) => !before.has(w.well));
    if (fresh) await openWell(fresh.well, person);
    else await openWell(well.well);
    told(fresh ? `${fresh.name} is here` : "The image is replaced");
  } catch (error) { told(error.message, true); }
  $("job").textContent = "";
}

let job = null;
async function runPicker() {
  const { well: name, layer } = store;
  try {
    job = await api.pick(name, layer, person);
    empty("");
    job = await watched(job, "picking");
    const fresh = await api.well(name);
    if (well.well === name) { well.drift = fresh.drift; showDrift(); }
    const far = fresh.drift.filter((zone) => zone.state === "abstain");
    const strange = far.length ? ` ${far.length} of its zones are unlike what the model was made with: ${far[0].reason}.` : "";
    told(job.state === "done" ? `Picked. What you reviewed stayed as it was.${strange}` : job.message, job.state !== "done");
  } catch (error) { told(error.message, true); }
  job = null;
  $("job").textContent = "";
  if (store.well === name && store.layer === layer) await store.open(name, layer, person);
}

async function report() {
  try {
    const done = await watched(await api.report(store.well, store.layer), "writing the report");
    if (done.state === "done") location.assign(api.reportPath(done.id)); // saved as a file; the page stays
    else told(done.message, true);
  } catch (error) { told(error.message, true); }
  $("job").textContent = "";
}

async function compare() {
  const other = $("beside").value;
  if (!other) { options.beside = null; compared = null; $("compared").hidden = true; view.draw(); return; }
  try {
    const [theirs, told] = await Promise.all([api.layer(store.well, other), api.compare(store.well, store.layer, other)]);
    options.beside = Object.entries(theirs.items).filter(([id, f]) => id[0] === "p" && f.status !== "rejected").map(([id, f]) => planeOf(id, f)).sort((p, q) => p.z - q.z);
    options.besideTallest = Math.max(0, ...options.beside.map((p) => p.size));
    compared = told;
  } catch (error) { told(error.message, true); return; }
  const box = $("compared");
  box.hidden = false;
  box.innerHTML = "";
  const lines = [`${compared.both.length} planes both have; ${compared.only_a.length} only here, ${compared.only_b.length} only ${other}`,
    ...(compared.scores ?? []).map((s) => `${s.class}: agreement ${number(s.f1, 2)} (blind ${number(s.blind, 2)})`)];
  for (const line of lines) box.append(Object.assign(document.createElement("div"), { textContent: line, className: line.includes(":") ? "faint" : "" }));
  const row = Object.assign(document.createElement("div"), { className: "row" });
  row.append(Object.assign(document.createElement("button"), { textContent: "Next difference", onclick: difference }));
  if (store.layer !== CONSENSUS && other !== CONSENSUS) row.append(Object.assign(document.createElement("button"), { textContent: "Make consensus", onclick: async () => {
    await api.consensus(store.well, store.layer, other, person);
    await refreshWells();
    await openLayer(CONSENSUS);
    told("Agreed planes are accepted; the others are left to settle");
  } }));
  box.append(row);
  view.draw();
}

function difference() {
  const theirs = new Set(compared.only_b), here = view.depth(view.height / 2) + 1e-6;
  const apart = [...store.planes.filter((p) => compared.only_a.includes(p.id)), ...options.beside.filter((p) => theirs.has(p.id))].sort((p, q) => p.z - q.z);
  const found = apart.find((p) => p.z > here) ?? apart[0];
  if (!found) { told("No difference"); return; }
  if (!theirs.has(found.id)) store.select([found.id]);
  view.go(found.z);
}

function colours() {
  const low = $("low").value / 100, high = Math.max($("high").value / 100, low + 0.02);
  for (const name of ["static", "dynamic"]) tiles.colours(name, options.ramp, low, high);
  view.draw();
  panelSoon();
}

$("well").onchange = (e) => openWell(e.target.value);
$("layer").onchange = (e) => openLayer(e.target.value);
$("beside").onchange = compare;
$("image").onchange = (e) => { options.image = e.target.value; view.draw(); panelSoon(); };
$("ramp").onchange = (e) => { options.ramp = e.target.value; colours(); };
$("low").oninput = $("high").oninput = colours;
$("north").onchange = (e) => { options.north = +e.target.value; view.draw(); panelSoon(); };
$("turns").onchange = (e) => { options.turns = +e.target.value; view.draw(); };
$("depth").onchange = (e) => { const to = parseFloat(e.target.value.replace(",", ".")); if (Number.isFinite(to)) view.go(to); $("image-view").focus(); panelSoon(); };
$("undo").onclick = () => store.undo();
$("redo").onclick = () => store.undo(true);
$("help").onclick = ui.help;
$("next").onclick = () => next();
$("sure").oninput = $("scope").onchange = panelSoon;
$("bulk").onclick = () => {
  const sure = +$("sure").value / 100;
  store.edit("bulk", Object.fromEntries(store.unreviewed().filter((p) => (p.pick.confidence ?? 0) >= sure).map((p) => [p.id, { status: "accepted" }])));
};
$("pick").onclick = runPicker;
$("report").onclick = report;
$("bring").onclick = () => $("file").click();
$("file").onchange = (e) => { if (e.target.files[0]) bringIn(e.target.files[0]); e.target.value = ""; };
document.querySelectorAll("[data-tool]").forEach((b) => { b.onclick = () => { tools.choose(b.dataset.tool); $("image-view").focus(); }; });
for (const type of ["pointerdown", "pointermove"]) $("overview").addEventListener(type, (e) => {
  if (well && e.buttons & 1) { view.go(well.top + e.offsetY / $("overview").clientHeight * (well.base - well.top)); panelSoon(); }
});

// Keys are the log's again once a choice is made.
for (const one of document.querySelectorAll("select, input[type=range]")) one.addEventListener("change", () => $("image-view").focus());

// On the net: a click takes the nearest pole, a drag all poles within a circle.
let ring = null;
$("net").addEventListener("pointerdown", (e) => { ring = { x: e.offsetX, y: e.offsetY }; $("net").setPointerCapture(e.pointerId); });
$("net").addEventListener("pointerup", (e) => {
  const far = Math.hypot(e.offsetX - ring.x, e.offsetY - ring.y), off = (p) => Math.hypot(p.x - ring.x, p.y - ring.y);
  if (far > 5) store.select(poles.filter((p) => off(p) <= far).map((p) => p.id));
  else {
    const near = poles.filter((p) => off(p) < 8).sort((p, q) => off(p) - off(q))[0];
    if (near) show(near.id); else store.select([]);
  }
  ring = null;
});

window.addEventListener("beforeunload", (e) => { if (!store.outbox.empty) e.preventDefault(); });
window.geobfdt = { view, store, tools, options, poles: () => poles }; // for the console, and for tests of the page

tools.choose("select");
$("low").value = 0; $("high").value = 100;
colours();
start().then(colours).catch((error) => told(error.message, true));
