// The page: it connects the data of the server with the actions of the person.

import * as api from "./api.js";
import { KINDS, kindOf, planeOf } from "./planes.js";
import { drawNet, drawRose } from "./plots.js";
import { Store, Stores } from "./store.js";
import { Tiles } from "./tiles.js";
import { Tools } from "./tools.js";
import { View } from "./view.js";

const $ = (id) => document.getElementById(id);
const CONSENSUS = "consensus", BREAKOUTS = "breakouts", VUGS = "vugs"; // Layers that belong to no person.
const options = { image: "dynamic", north: 0, turns: 1, ramp: "heat", hidden: false, rejected: true, beside: null, overlay: null, vugs: true };
const POLL = 1000, PACE = 10000; // ms
const PICTURES = /\.(png|tiff?|npz)$/i; // Pictures do not say where and how deep they are.
let wells = [], well = null, person = "", poles = [], comparison = null, closed = "";

const tiles = new Tiles(() => { view.draw(); panelSoon(); });
const outbox = new api.Outbox((state) => connection(state), () => signIn());
const [store, lobes, vugs] = [0, 1, 2].map(() => new Store(() => changed(), (text, stays) => notify(text, stays), (state) => connection(state), outbox));
const stores = new Stores([store, lobes, vugs]);
const view = new View($("image-view"), $("overview"), tiles, { store, lobes, vugs }, options);
const ui = {
  tool: (name) => {
    document.querySelectorAll("[data-tool]").forEach((b) => b.setAttribute("aria-pressed", b.dataset.tool === name));
    if (well) changed();
  },
  notify: (text, bad) => notify(text, bad), hover: (place) => showCursor(place), snapping: (on) => $("stage").classList.toggle("snapping", on), scrolled: () => panelSoon(), next: (id) => next(id), show: (id) => show(id),
  depth: () => { $("depth").focus(); $("depth").select(); }, help: () => $("keys").showModal(),
  hide: () => { options.hidden = !options.hidden; view.draw(); notify(options.hidden ? "Picks are hidden (H shows them)" : ""); },
  choose, usual: (place) => usualClass(place), diameter: (depth) => view.holeAt("diameter", depth), vugs: () => switchVugs(),
};
const tools = new Tools(view, { store, lobes, vugs }, stores, ui);

// Depth and image angle under the mouse.
function showCursor(place) {
  const there = well && place && place.depth >= well.top && place.depth <= well.base;
  $("cursor").hidden = !there;
  if (!there) return;
  const from = { north: "north", high_side: "high side", pseudo_north: "pseudo-north" }[well.reference] ?? "an unknown line";
  $("cursor").textContent = `${place.depth.toFixed(3)} m` + (place.angle == null ? "" : `, ${place.angle.toFixed(1)}° from ${from}`);
}

let toastTimer = 0;
function notify(text, stays = false) {
  clearTimeout(toastTimer);
  $("toast").textContent = text;
  $("toast").hidden = !text;
  $("toast").classList.toggle("bad", stays && !!text);
  if (text) toastTimer = setTimeout(() => { $("toast").hidden = true; }, stays ? 7000 : 3500);
}

// The state of the connection: a word in the bar, and a line over the log while changes do not reach the server.
let connectionState = "";
function connection(state) {
  connectionState = state;
  const off = !navigator.onLine && !["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  const texts = {
    "": ["saved", ""], sending: ["saving", ""], "signed-out": ["signed out", "Your session has ended. Sign in to go on; what you did is kept here."],
    gone: ["no answer", "The server does not answer. What you do is kept here and sent when it is back: leave this page open."],
  };
  const [word, line] = off ? ["offline", "This machine is offline. What you do is kept here and sent when it is back: leave this page open."] : texts[state];
  $("state").textContent = word;
  $("state").dataset.state = off ? "gone" : state || "saved";
  $("banner").textContent = line;
  $("banner").hidden = !line;
}
window.addEventListener("offline", () => connection(connectionState));
window.addEventListener("online", () => connection(connectionState));

// Wait until a person has signed in.
let signing = null;
function signIn() {
  signing ??= new Promise((resolve) => {
    const box = $("sign-in");
    $("sign-in-form").onsubmit = async (e) => {
      e.preventDefault();
      try { await api.signIn($("token").value.trim()); } catch (error) { $("sign-in-error").textContent = error.message; return; }
      $("token").value = $("sign-in-error").textContent = "";
      box.close();
      signing = null;
      resolve();
    };
    box.showModal();
  });
  return signing;
}

function loading(text) { $("loading").hidden = !text; $("loading-text").textContent = text; }

function choose(text, choices) {
  return new Promise((resolve) => {
    const box = $("choose"), menu = $("choose-menu");
    $("choose-text").textContent = text;
    menu.replaceChildren(...[...Object.keys(choices), "Cancel"].map((name) => Object.assign(document.createElement("button"), { value: name, textContent: name })));
    box.returnValue = "";
    box.onclose = () => resolve(choices[box.returnValue] ?? null);
    box.showModal();
  });
}

// The likely class of a new plane: bedding where it is flat, fracture where it is steep.
function usualClass(place) {
  const flat = (place.amplitude_m ?? 0) < 0.6 * (view.holeAt("diameter", place.depth_m) ?? 0.2);
  return flat ? "bedding" : "fracture";
}

function fill(select, entries, value) {
  select.replaceChildren(...entries.map(([key, text]) => new Option(text, key)));
  if (entries.some(([key]) => key === value)) select.value = value;
}

async function start() {
  const query = new URLSearchParams(location.hash.slice(1));
  // `geobfdt open` puts the name of the login into the address, so that it need not be asked for.
  person = localStorage.getItem("geobfdt-name") ?? query.get("person") ?? "";
  if (!person) {
    $("ask").showModal();
    await new Promise((resolve) => { $("ask").onclose = resolve; });
    person = $("name").value.trim().replace(/[/\\]/g, "-") || "somebody"; // The name becomes the name of a layer, which is part of a path.
    localStorage.setItem("geobfdt-name", person);
  }
  api.setPerson(person);
  loading("Opening the field");
  await refreshWells();
  const whole = wells.filter((w) => !w.damage);
  if (!whole.length) loading("");
  if (wells.length && !whole.length) { empty(`No well here can be read. ${wells[0].well}: ${wells[0].damage}`, {}); return; }
  if (!wells.length) { empty("This field holds no well.", { "Bring a well in": () => $("file").click() }); return; }
  await openWell(whole.some((w) => w.well === query.get("well")) ? query.get("well") : whole[0].well, query.get("layer") ?? person);
  if (query.get("depth")) view.go(+query.get("depth"));
  setInterval(poll, POLL);
  setInterval(pace, PACE);
}

let polling = false;
async function poll() {
  if (polling) return;
  polling = true;
  try { for (const one of stores.stores) await one.poll(); } catch (error) {
    if (store.outbox.empty) {
      if (error.status === 401) { connection("signed-out"); await signIn(); } else if (!error.status || error.status >= 500) connection("gone");
    }
  }
  polling = false;
}

async function refreshWells() {
  wells = await api.wells();
  fill($("well"), wells.map((w) => [w.well, w.damage ? `${w.well} (damaged)` : w.name]), well?.well);
  wells.forEach((w, i) => { $("well").options[i].disabled = !!w.damage; });
}

async function openWell(name, layer = store.layer ?? person) {
  loading(`Opening ${name}`);
  try { await openWellNow(name, layer); } finally { loading(""); }
}

async function openWellNow(name, layer) {
  well = await api.well(name);
  tools.drop();
  showFindings();
  const [low, high] = well.window[options.image === "static" ? "static" : "dynamic"];
  $("low").value = Math.round(100 * low); $("high").value = Math.round(100 * high);
  const colourOption = $("image").querySelector("[value=colour]");
  colourOption.hidden = colourOption.disabled = !well.colour;
  if (options.image === "colour" && !well.colour) $("image").value = options.image = "dynamic";
  view.open(well);
  showDrift();
  $("well").value = name;
  document.title = `${well.name} - GeoBFDT review`;
  await openLayer(layer);
}

// Zones with drift: beside the depths and along the overview, with the reason as a tooltip.
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
  comparison = null; options.beside = null; closed = "";
  location.hash = new URLSearchParams({ well: well.well, layer });
  stores.clear();
  await Promise.all([[store, layer], [lobes, BREAKOUTS], [vugs, VUGS]].map(([one, name]) => one.open(well.well, name, person)));
  $("compared").hidden = true;
  pace();
}

function empty(text, actions) {
  const box = $("empty"), key = text + Object.keys(actions ?? {}).join();
  box.hidden = !text;
  if (!text || box.dataset.key === key) return;
  box.dataset.key = key;
  box.replaceChildren(Object.assign(document.createElement("p"), { textContent: text }));
  for (const [name, act] of Object.entries(actions)) box.append(Object.assign(document.createElement("button"), { textContent: name, onclick: act }));
}

// Findings of the file, and zones with drift; a click goes to the depth.
function showFindings() {
  const words = { watch: "look first", abstain: "do not rely on picks" };
  const drift = well.drift.map((z) => ({ severity: z.state === "abstain" ? "major" : "minor", seen: `unlike the wells of the model: ${z.reason}`, done: words[z.state], place: "", top_m: z.top_m, base_m: z.base_m }));
  const order = ["critical", "major", "minor", "info"], all = [...well.findings, ...drift].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity) || (a.top_m ?? -1) - (b.top_m ?? -1));
  const serious = all.filter((f) => f.severity !== "info").length;
  $("findings-open").textContent = serious ? `Findings ${serious}` : "Findings";
  $("findings-open").disabled = !all.length;
  $("findings-list").replaceChildren(...all.map((f) => {
    const row = document.createElement(f.top_m == null ? "div" : "button"), where = f.top_m == null ? f.place : f.top_m === f.base_m ? `${f.top_m.toFixed(2)} m` : `${f.top_m.toFixed(2)} to ${f.base_m.toFixed(2)} m`;
    row.className = "finding";
    row.dataset.severity = f.severity;
    for (const [kind, text] of [["where", `${f.severity}, ${where}`], ["seen", f.seen], ["done", f.done]]) row.append(Object.assign(document.createElement("span"), { className: kind, textContent: text }));
    if (f.top_m != null) row.onclick = () => { const high = view.base - view.top; view.go(Math.max(f.top_m, well.top), f.base_m - f.top_m > high ? 0.1 : 0.4); panelSoon(); };
    return row;
  }));
}

function changed() {
  tools.stillFits();
  const here = `${store.well}/${store.layer}`;
  if (store.loaded && !store.items.size && !job && tools.tool === "select" && closed !== here) {
    const entry = wells.find((w) => w.well === well.well), actions = { "Run the picker": runPicker };
    if (entry?.interpreted) actions["Begin with the picks of the field"] = () => store.begin("field");
    for (const name of Object.keys(entry?.layers ?? {})) if (name !== store.layer) actions[`Begin with the layer of ${name}`] = () => store.begin(name);
    actions["Pick by hand"] = () => { closed = here; changed(); tools.choose("one"); $("image-view").focus(); };
    empty("Nothing is in this layer yet.", actions);
  } else empty("");
  view.draw();
  panelSoon();
}

let panelRequested = false;
function panelSoon() {
  if (panelRequested) return;
  panelRequested = true;
  setTimeout(() => { panelRequested = false; if (well) panel(); }, 30);
}

const number = (value, digits, unit = "") => value == null ? "–" : value.toFixed(digits) + unit;
const plusMinus = (value, sigma, digits, unit) => number(value, digits) + (sigma == null ? "" : ` ± ${sigma.toFixed(digits)}`) + (value == null ? "" : unit);

function panel() {
  card();
  const open = store.unreviewed(), all = store.planes.length;
  const boxes = lobes.unreviewedLobes().length;
  $("left").textContent = (all ? `${open.length} of ${all} to review` : "no picks") + (boxes ? `, ${boxes} ${boxes > 1 ? "boxes" : "box"}` : "");
  $("next").disabled = !open.length && !boxes;
  bulk(open);
  const scope = $("scope").value;
  const picks = scope === "all" ? store.planes : scope === "selected" ? store.planes.filter((p) => store.selected.has(p.id))
    : store.between(view.top, view.base).filter((p) => p.z >= view.top && p.z <= view.base);
  const visible = picks.filter((p) => p.pick.status !== "rejected" && p.pick.dip_true_deg != null);
  poles = drawNet($("net"), visible, store.selected);
  drawRose($("rose"), visible);
  const one = store.one(), plane = one && store.planes.find((p) => p.id === one);
  if (plane) view.straighten($("band"), plane);
  else view.fit($("band"));
  $("vugs").disabled = !vugs.items.size;
  $("vugs").textContent = vugs.items.size ? `Vugs ${vugs.items.size}` : "Vugs";
  $("vugs").setAttribute("aria-pressed", String(options.vugs && vugs.items.size > 0));
  $("undo").disabled = !stores.canUndo;
  $("redo").disabled = !stores.canRedo;
  if (document.activeElement !== $("scale")) showScale();
  if (document.activeElement !== $("depth") && $("depth").getAttribute("aria-invalid") !== "true") $("depth").value = view.depth(view.height / 2).toFixed(2);
}

let bulkKey = "";
function bulk(open) {
  const sure = +$("sure").value / 100, key = `${store.revision}/${sure}`;
  if (key === bulkKey) return;
  bulkKey = key;
  const these = open.filter((p) => (p.pick.confidence ?? 0) >= sure), wrong = these.reduce((sum, p) => sum + 1 - p.pick.confidence, 0);
  $("sure-told").textContent = `≥ ${Math.round(100 * sure)} %`;
  $("bulk").disabled = !these.length;
  $("bulk").textContent = these.length ? `Accept ${these.length} (~${wrong < 1 ? wrong.toFixed(1) : Math.round(wrong)} wrong)` : "No picks above";
}

let cardKey = "";
function card() {
  const box = $("card"), ids = [...store.selected], one = store.one(), pick = one && store.items.get(one);
  const marks = [lobes, vugs].find((other) => other.selected.size), mark = marks?.items.get(marks.one());
  const key = ids.join() + JSON.stringify([pick, mark, marks?.layer, marks?.selected.size]);
  if (key === cardKey) return;
  cardKey = key;
  if (marks) { markCard(box, marks, mark); return; }
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
    ["depth", plusMinus(pick.depth_m, pick.sigma_depth_m, 3, " m"), "confidence", number(pick.confidence, 2)],
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
  // A note that the person is writing stays, even if the pick changes meanwhile.
  while (box.firstChild !== note) box.firstChild.remove();
  note.insertAdjacentHTML("beforebegin", `<div class="row"><svg width="12" height="12"><circle cx="6" cy="6" r="5" fill="${kind.colour}"/></svg><b>${kind.label}</b><span class="gap"></span>
    <button data-act="accept" title="A">Accept</button><button data-act="reject" title="R">Reject</button></div><table>${rows.map((r) => `<tr>${r.map(() => "<td></td>").join("")}</tr>`).join("")}</table>`);
  box.querySelectorAll("td").forEach((cell, i) => { cell.textContent = cell.title = rows[Math.floor(i / 4)][i % 4]; });
  if (document.activeElement !== note) note.value = pick.note ?? "";
  box.querySelectorAll("[data-act]").forEach((b) => { b.onclick = () => tools.set(b.dataset.act, { status: b.dataset.act === "accept" ? "accepted" : "rejected" }); });
}

// The card of a selected breakout, induced fracture or vug; of several, how many they are.
function markCard(box, marks, mark) {
  box.innerHTML = `<div class="row"><b></b><span class="gap"></span><button data-act="accept" title="A">Accept</button><button data-act="reject" title="R">Reject</button><button data-act="delete" title="Del">Delete</button></div><table></table>`;
  box.querySelector("b").textContent = !mark ? `${marks.selected.size} selected` : marks === vugs ? "Vug" : mark.class === "breakout" ? "Breakout" : "Induced fracture";
  const azimuths = ["azimuth", number(mark?.azimuth_true_deg, 0, "°"), "image", number(mark?.azimuth_app_deg, 0, "°")];
  const by = mark?.who ? `${mark.status ?? "–"} by ${mark.who}` : mark?.status ?? "–", last = ["status", by, "source", mark?.source ?? "–"];
  const rows = !mark ? [] : marks === vugs ? [
    ["depth", number(mark.depth_m, 3, " m"), "area", number(mark.area_mm2, 0, " mm²")], azimuths,
    ["height", number(mark.height_mm, 0, " mm"), "width", number(mark.width_mm, 0, " mm")],
    ["aspect", number(mark.aspect, 1), "contrast", number(mark.contrast, 1)], last,
  ] : [
    ["top", number(mark.top_m, 2, " m"), "base", number(mark.base_m, 2, " m")], azimuths,
    ["width", number(mark.width_deg, 0, "°"), "confidence", number(mark.confidence, 2)], last,
  ];
  if (marks === vugs) box.append(Object.assign(document.createElement("p"), { className: "faint", textContent: "Experimental: check vugs on the image." }));
  for (const cells of rows) {
    const line = box.querySelector("table").insertRow();
    for (const text of cells) Object.assign(line.insertCell(), { textContent: text, title: text });
  }
  box.querySelectorAll("[data-act]").forEach((b) => { b.onclick = () => b.dataset.act === "delete" ? tools.remove() : tools.set(b.dataset.act, { status: b.dataset.act === "accept" ? "accepted" : "rejected" }); });
}

const depthOf = (id) => { const one = store.items.get(id) ?? lobes.items.get(id) ?? vugs.items.get(id); return one && (one.depth_m ?? (one.top_m + one.base_m) / 2); };

function show(id) {
  (id[0] === "b" ? lobes : store).select([id]);
  const depth = depthOf(id), margin = 0.1 * (view.base - view.top);
  if (depth < view.top + margin || depth > view.base - margin) view.go(depth);
}

function next(after) {
  const open = [...store.unreviewed().map(({ id, z, pick }) => ({ id, z, confidence: pick.confidence })), ...lobes.unreviewedLobes()].sort((p, q) => p.z - q.z);
  if (!open.length) { onAllReviewed(); return; }
  const from = after ?? store.one() ?? lobes.one(), depth = depthOf(from) ?? -Infinity, doubt = (p) => Math.abs((p.confidence ?? 0.5) - 0.5);
  const later = open.find((p) => p.z > depth && p.id !== from);
  if ($("order").value === "depth") show((later ?? open[0]).id);
  else show(open.reduce((best, p) => doubt(p) < doubt(best) ? p : best).id);
}

// When all picks are reviewed, the rest of the well is empty only if the person marks it as complete.
function onAllReviewed() {
  notify("All picks of this layer are reviewed");
  if (store.planes.length && !store.intervals().some((i) => i.kind === "interpreted")) tools.interval("complete", well.top, well.base);
}

async function pace() {
  if (!store.loaded || !store.items.size) { $("pace").textContent = ""; return; }
  const { minutes, metres, picks } = await api.pace(store.well, store.layer, person).catch(() => ({}));
  $("pace").textContent = minutes > 0 && picks > 1 ? `${(picks / minutes).toFixed(0)} picks/min` + (metres > 1 ? `, ${(minutes / metres).toFixed(2)} min/m` : "") : "";
}

// Follow a job until it has ended, and show its progress; it can be cancelled.
async function followJob(one, doing) {
  const say = (text) => { $("job-row").hidden = !text; $("job").textContent = text; };
  const { id } = one;
  $("cancel").onclick = () => { say("cancelling"); api.cancel(id).catch((error) => notify(error.message, true)); };
  while (one.state === "waiting" || one.state === "running") {
    say(one.state === "waiting" ? "waiting for its turn" : `${doing}, ${Math.round(100 * one.share)} %`);
    await new Promise((go) => setTimeout(go, 400));
    try { one = await api.job(id); connection(""); } catch (error) {
      if (error.status && error.status < 500) throw error;
      connection("gone"); // The job goes on, or starts again, when the server is back.
    }
  }
  say("");
  if (one.state === "cancelled") one.message = "Cancelled; nothing was changed";
  return one;
}

// Ask for what a picture does not say about itself; null if the person cancels.
function readingOptions(file) {
  return new Promise((resolve) => {
    const box = $("reading"), form = $("reading-form");
    $("reading-name").textContent = file.name;
    form.reset();
    form.elements.well.value = file.name.replace(/\.[^.]*$/, "");
    box.returnValue = "";
    box.onclose = () => resolve(box.returnValue === "read" ? Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim().replace(",", ".")])) : null);
    box.showModal();
  });
}

async function bringIn(file) {
  try {
    const options = PICTURES.test(file.name) ? await readingOptions(file) : {};
    if (!options) return;
    $("job-row").hidden = false;
    $("job").textContent = `sending ${file.name}`;
    const before = new Set(wells.map((w) => w.well)), send = async (replace) => followJob(await api.upload(file, { ...options, replace }), `reading ${file.name}`);
    let ended = await send(false);
    if (ended.message.includes("is in the field already") && await choose(`${ended.message.split(";")[0]}. Its picks and reviews stay, beside the new image.`, { "Replace the image": true })) ended = await send(true);
    if (ended.state !== "done") { notify(ended.message, true); return; }
    await refreshWells();
    const fresh = wells.find((w) => !before.has(w.well));
    empty("");
    if (!well) { location.hash = new URLSearchParams({ well: fresh.well }); location.reload(); return; }
    if (fresh) await openWell(fresh.well, person);
    else await openWell(well.well);
    notify(fresh ? `${fresh.name} is here` : "The image is replaced");
  } catch (error) { notify(error.message, true); } finally { $("job-row").hidden = true; $("job").textContent = ""; }
}

let job = null;
async function runPicker() {
  const { well: name, layer } = store;
  try {
    job = await api.pick(name, layer, person);
    empty("");
    job = await followJob(job, "picking");
    const fresh = await api.well(name);
    if (well.well === name) { well.drift = fresh.drift; showDrift(); showFindings(); }
    const far = fresh.drift.filter((zone) => zone.state === "abstain");
    const strange = far.length ? ` ${far.length} of its zones are unlike the wells of the model: ${far[0].reason}.` : "";
    notify(job.state === "done" ? `Picked. What you reviewed stayed as it was.${strange}` : job.message, job.state !== "done");
  } catch (error) { notify(error.message, true); }
  job = null;
  $("job-row").hidden = true;
  if (store.well === name && store.layer === layer) await store.open(name, layer, person);
}

async function report() {
  try {
    const ended = await followJob(await api.report(store.well, store.layer), "writing the report");
    if (ended.state === "done") location.assign(api.reportPath(ended.id)); // The browser saves the file, and the page stays.
    else notify(ended.message, true);
  } catch (error) { notify(error.message, true); }
  $("job-row").hidden = true;
}

async function compare() {
  const other = $("beside").value;
  if (!other) { options.beside = null; comparison = null; $("compared").hidden = true; view.draw(); return; }
  try {
    const [theirs, answer] = await Promise.all([api.layer(store.well, other), api.compare(store.well, store.layer, other)]);
    options.beside = Object.entries(theirs.items).filter(([id, f]) => id[0] === "p" && f.status !== "rejected").map(([id, f]) => planeOf(id, f)).sort((p, q) => p.z - q.z);
    options.besideTallest = Math.max(0, ...options.beside.map((p) => p.size));
    comparison = answer;
  } catch (error) { notify(error.message, true); return; }
  const box = $("compared");
  box.hidden = false;
  box.innerHTML = "";
  const lines = [`${comparison.both.length} planes both have; ${comparison.only_a.length} only here, ${comparison.only_b.length} only ${other}`,
    ...(comparison.note ? [`scores: ${comparison.note}`] : []), ...(comparison.scores ?? []).map((s) => `${s.class}: agreement ${number(s.f1, 2)} (chance level ${number(s.blind, 2)})`)];
  for (const line of lines) box.append(Object.assign(document.createElement("div"), { textContent: line, className: line.includes(":") ? "faint" : "" }));
  const row = Object.assign(document.createElement("div"), { className: "row" });
  row.append(Object.assign(document.createElement("button"), { textContent: "Next difference", onclick: difference }));
  if (store.layer !== CONSENSUS && other !== CONSENSUS) row.append(Object.assign(document.createElement("button"), { textContent: "Make consensus", onclick: async () => {
    try {
      await api.consensus(store.well, store.layer, other, person);
      await refreshWells();
      await openLayer(CONSENSUS);
      notify("Planes that both accepted are accepted; the others are left to settle");
    } catch (error) { notify(error.message, true); }
  } }));
  box.append(row);
  view.draw();
}

function difference() {
  const theirs = new Set(comparison.only_b), here = view.depth(view.height / 2) + 1e-6;
  const apart = [...store.planes.filter((p) => comparison.only_a.includes(p.id)), ...options.beside.filter((p) => theirs.has(p.id))].sort((p, q) => p.z - q.z);
  const target = apart.find((p) => p.z > here) ?? apart[0];
  if (!target) { notify("No difference"); return; }
  if (!theirs.has(target.id)) store.select([target.id]);
  view.go(target.z);
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
$("depth").onchange = () => {
  const box = $("depth"), text = box.value.trim().replace(",", ".").replace(/\s*m$/, ""), to = Number(text), there = text && to >= well.top && to <= well.base;
  box.setAttribute("aria-invalid", String(!there));
  if (!there) {
    const range = `${well.name} spans ${well.top.toFixed(1)} to ${well.base.toFixed(1)} m`;
    notify(Number.isFinite(to) && text ? `${text} m is outside: ${range}` : `"${box.value}" is no depth: ${range}`, true);
    return;
  }
  view.go(to);
  $("image-view").focus();
  panelSoon();
};
function showScale() {
  const scale = view.paperScale;
  $("scale").removeAttribute("aria-invalid");
  $("scale").value = scale.toFixed(scale < 9.95 ? 1 : 0).replace(/\.0$/, "");
}
function zoomTo(scale, failure) {
  const [finest, coarsest] = view.paperScales, possible = scale >= finest * 0.999 && scale <= coarsest * 1.001;
  if (possible) view.zoomTo(scale);
  else notify(failure ?? `1:${scale.toFixed(1)} is outside of what this image shows: 1:${finest.toFixed(1)} to 1:${coarsest.toFixed(0)}`, true);
  return possible;
}
$("scale").onchange = () => {
  const text = $("scale").value.trim().replace(",", ".").replace(/^1\s*:\s*/, ""), scale = Number(text);
  const valid = text !== "" && scale > 0 && Number.isFinite(scale);
  const there = valid ? zoomTo(scale) : (notify(`"${$("scale").value}" is no scale: type 20 for 1:20`, true), false);
  $("scale").setAttribute("aria-invalid", String(!there));
  if (there) { $("image-view").focus(); panelSoon(); }
};
$("scale").onblur = showScale;
$("aspect").onclick = () => {
  const diameter = view.holeAt("diameter", view.depth(view.height / 2));
  if (diameter == null) notify("The hole diameter is not known here, so that the wall has no true proportions", true);
  else zoomTo(view.trueProportions(diameter));
  panelSoon();
};
$("depth").onblur = () => { $("depth").removeAttribute("aria-invalid"); panelSoon(); };
$("undo").onclick = () => stores.undo();
$("redo").onclick = () => stores.undo(true);
$("help").onclick = ui.help;
function switchVugs() {
  if (!vugs.items.size) { notify("This well has no vug table: geobfdt vugs makes one"); return; }
  options.vugs = !options.vugs;
  vugs.select([]);
  notify(options.vugs ? "Vugs are experimental: check them on the image" : "Vugs are hidden (V shows them)");
}
$("vugs").onclick = () => { switchVugs(); $("image-view").focus(); };
$("findings-open").onclick = () => { $("findings").hidden = !$("findings").hidden; };
$("findings-close").onclick = () => { $("findings").hidden = true; };
$("sign-out").onclick = async () => { await api.signOut().catch(() => {}); location.reload(); };
$("theme").onclick = () => {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches, now = document.documentElement.dataset.theme || (dark ? "dark" : "light");
  theme(now === "dark" ? "light" : "dark");
};
function theme(name) {
  document.documentElement.dataset.theme = name;
  localStorage.setItem("geobfdt-theme", name);
  view.draw();
  panelSoon();
}
if (localStorage.getItem("geobfdt-theme")) theme(localStorage.getItem("geobfdt-theme"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { view.draw(); panelSoon(); });
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

// After a choice in a menu the keyboard belongs to the log again.
for (const one of document.querySelectorAll("select, input[type=range]")) one.addEventListener("change", () => $("image-view").focus());

// On the stereonet, a click selects the nearest pole, and a drag all poles within a circle.
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
window.geobfdt = { view, store, lobes, vugs, tools, options, poles: () => poles }; // The console and the tests of the page use this.

tools.choose("select");
$("low").value = 0; $("high").value = 100;
colours();
api.session().then(({ token }) => { $("sign-out").hidden = !token; }).catch(() => {});
start().then(colours).catch((error) => {
  loading("");
  const text = error.status ? error.message : "The server does not answer. Is geobfdt serve still running?";
  empty(text, { "Try again": () => location.reload() });
});
