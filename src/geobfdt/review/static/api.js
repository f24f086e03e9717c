// Talking to the server. Edits go one after the other, each with a key of its own: one whose answer was lost is sent
// again under the same key, and done once.

export class ApiError extends Error {
  constructor(status, detail) { super(detail); this.status = status; }
}

// Addresses are relative: a proxy may serve the page under a prefix.
const at = (...parts) => "api/" + parts.map(encodeURIComponent).join("/");

let who = "";
export function setPerson(name) { who = name; }

function headersOf(more) {
  return { ...(who ? { "x-geobfdt-person": encodeURIComponent(who) } : {}), ...more };
}

export async function ask(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: headersOf(method === "GET" ? {} : { "content-type": "application/json", "x-geobfdt": "1" }),
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
export const layer = (name, of, after = 0, person = null) => ask("GET", `${at("wells", name, "layers", of)}?after=${after}${person ? `&person=${encodeURIComponent(person)}` : ""}`);
export const pace = (name, of, person) => ask("GET", `${at("wells", name, "layers", of, "pace")}?person=${encodeURIComponent(person)}`);
export const snap = (name, depth, angle, of = null) => ask("POST", at("wells", name, "snap"), { depth, angle, layer: of });
export const compare = (name, a, b) => ask("GET", `${at("wells", name, "compare")}?a=${encodeURIComponent(a)}&b=${encodeURIComponent(b)}`);
export const consensus = (name, a, b, person) => ask("POST", at("wells", name, "consensus"), { a, b, person });
export const pick = (name, of, person, method = "network") => ask("POST", at("wells", name, "pick"), { layer: of, person, method });
export const report = (name, of) => ask("POST", at("wells", name, "report"), { layer: of });
export const reportPath = (job) => at("jobs", job, "report");
export async function upload(file, options = {}) {
  const query = new URLSearchParams(Object.entries(options).filter(([, value]) => value !== "" && value != null));
  const answer = await fetch(`${at("uploads", file.name)}?${query}`, { method: "PUT", headers: headersOf({ "x-geobfdt": "1" }), body: file });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new ApiError(answer.status, told.detail ?? answer.statusText);
  return told;
}
export const cancel = (id) => ask("DELETE", at("jobs", id));
export const session = () => ask("GET", "session");
export const signIn = (token) => ask("POST", "session", { token });
export const signOut = () => ask("DELETE", "session");
export const job = (id) => ask("GET", at("jobs", id));
export const tilePath = (name, variable, level, number) => at("wells", name, "tiles", variable, level, number);
export const post = (name, of, verb, body) => ask("POST", at("wells", name, "layers", of, verb), body);

export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

// Answers after which the same request may succeed: a proxy without its server, too much at once.
const PASSING = [429, 502, 503, 504];

export class Outbox {
  // `state` is called with "sending", "" (all is there), "gone" or "signed-out"; `signedIn` waits for a new session.
  constructor(state, signedIn) { Object.assign(this, { state, signedIn }); this.waiting = []; this.busy = false; }

  get empty() { return !this.waiting.length && !this.busy; }

  send(task) {
    return new Promise((done, failed) => { this.waiting.push({ task, done, failed }); this.run(); });
  }

  async run() {
    if (this.busy) return;
    this.busy = true;
    this.state("sending");
    while (this.waiting.length) {
      const { task, done, failed } = this.waiting[0];
      try {
        done(await task());
        this.state("sending");
      } catch (error) {
        const status = error instanceof ApiError ? error.status : 0;
        if (status === 401) { // nothing is lost: it is sent when somebody has signed in
          this.state("signed-out");
          await this.signedIn();
          continue;
        }
        if (!status || PASSING.includes(status)) { // the server may come back
          this.state("gone");
          await new Promise((go) => setTimeout(go, 1000));
          continue;
        }
        failed(error);
      }
      this.waiting.shift();
    }
    this.busy = false;
    this.state("");
  }
}
