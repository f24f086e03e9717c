// Talking to the server. Edits go one after the other, each with a key of its own: one whose answer was lost is sent
// again under the same key, and done once.

export class ApiError extends Error {
  constructor(status, detail) { super(detail); this.status = status; }
}

const at = (...parts) => "/api/" + parts.map(encodeURIComponent).join("/");

export async function ask(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: method === "GET" ? {} : { "content-type": "application/json", "x-geobfdt": "1" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    const detail = typeof told.detail === "string" ? told.detail : told.detail?.[0]?.msg ?? answer.statusText;
    throw new ApiError(answer.status, detail);
  }
  return answer.json();
}

export const wells = () => ask("GET", at("wells"));
export const well = (name) => ask("GET", at("wells", name));
export const layer = (name, of, after = 0) => ask("GET", `${at("wells", name, "layers", of)}?after=${after}`);
export const pace = (name, of, person) => ask("GET", `${at("wells", name, "layers", of, "pace")}?person=${encodeURIComponent(person)}`);
export const snap = (name, depth, angle, of = null) => ask("POST", at("wells", name, "snap"), { depth, angle, layer: of });
export const compare = (name, a, b) => ask("GET", `${at("wells", name, "compare")}?a=${encodeURIComponent(a)}&b=${encodeURIComponent(b)}`);
export const consensus = (name, a, b, person) => ask("POST", at("wells", name, "consensus"), { a, b, person });
export const pick = (name, of, person, method = "network") => ask("POST", at("wells", name, "pick"), { layer: of, person, method });
export const report = (name, of) => ask("POST", at("wells", name, "report"), { layer: of });
export const reportPath = (job) => at("jobs", job, "report");
export async function upload(file, replace = false) {
  const answer = await fetch(`${at("uploads", file.name)}?replace=${replace}`, { method: "PUT", headers: { "x-geobfdt": "1" }, body: file });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new ApiError(answer.status, told.detail ?? answer.statusText);
  return told;
}
export const job = (id) => ask("GET", at("jobs", id));
export const tilePath = (name, variable, level, number) => at("wells", name, "tiles", variable, level, number);
export const post = (name, of, verb, body) => ask("POST", at("wells", name, "layers", of, verb), body);

export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

export class Outbox {
  constructor(told) { this.told = told; this.waiting = []; this.busy = false; }

  get empty() { return !this.waiting.length && !this.busy; }

  send(task) {
    return new Promise((done, failed) => { this.waiting.push({ task, done, failed }); this.run(); });
  }

  async run() {
    if (this.busy) return;
    this.busy = true;
    while (this.waiting.length) {
      const { task, done, failed } = this.waiting[0];
      try {
        done(await task());
        this.told("");
      } catch (error) {
        if (!(error instanceof ApiError)) { // no answer at all: the server may come back
          this.told("The server does not answer. What you did is kept here and sent again; leave this page open.");
          await new Promise((go) => setTimeout(go, 1000));
          continue;
        }
        failed(error);
      }
      this.waiting.shift();
    }
    this.busy = false;
  }
}
