// Requests to the server. Edits are sent one after the other, each with a key of its own: an edit whose answer was
// lost is sent again with the same key, and made once.

export class ApiError extends Error {
  constructor(status, detail) { super(detail); this.status = status; }
}

// Addresses are relative: a proxy may serve the page under a prefix.
const at = (...parts) => "api/" + parts.map(encodeURIComponent).join("/");

let personName = "";
export function setPerson(name) { personName = name; }

function headersOf(more) {
  return { ...(personName ? { "x-geobfdt-person": encodeURIComponent(personName) } : {}), ...more };
}

export async function request(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: headersOf(method === "GET" ? {} : { "content-type": "application/json", "x-geobfdt": "1" }),
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) {
    const reply = await answer.json().catch(() => ({}));
    const detail = typeof reply.detail === "string" ? reply.detail : reply.detail?.[0]?.msg ?? answer.statusText;
    throw new ApiError(answer.status, detail);
  }
  return answer.json();
}

export const wells = () => request("GET", at("wells"));
export const well = (name) => request("GET", at("wells", name));
export const layer = (name, of, after = 0, person = null) => request("GET", `${at("wells", name, "layers", of)}?after=${after}${person ? `&person=${encodeURIComponent(person)}` : ""}`);
export const pace = (name, of, person) => request("GET", `${at("wells", name, "layers", of, "pace")}?person=${encodeURIComponent(person)}`);
export const snap = (name, depth, angle, of = null) => request("POST", at("wells", name, "snap"), { depth, angle, layer: of });
export const compare = (name, a, b) => request("GET", `${at("wells", name, "compare")}?a=${encodeURIComponent(a)}&b=${encodeURIComponent(b)}`);
export const consensus = (name, a, b, person) => request("POST", at("wells", name, "consensus"), { a, b, person });
export const pick = (name, of, person, method = "network") => request("POST", at("wells", name, "pick"), { layer: of, person, method });
export const report = (name, of) => request("POST", at("wells", name, "report"), { layer: of });
export const reportPath = (job) => at("jobs", job, "report");
export async function upload(file, options = {}) {
  const query = new URLSearchParams(Object.entries(options).filter(([, value]) => value !== "" && value != null));
  const answer = await fetch(`${at("uploads", file.name)}?${query}`, { method: "PUT", headers: headersOf({ "x-geobfdt": "1" }), body: file });
  const reply = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new ApiError(answer.status, reply.detail ?? answer.statusText);
  return reply;
}
export const cancel = (id) => request("DELETE", at("jobs", id));
export const session = () => request("GET", "session");
export const signIn = (token) => request("POST", "session", { token });
export const signOut = () => request("DELETE", "session");
export const job = (id) => request("GET", at("jobs", id));
export const tilePath = (name, variable, level, number) => at("wells", name, "tiles", variable, level, number);
export const post = (name, of, verb, body) => request("POST", at("wells", name, "layers", of, verb), body);

export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

// After these statuses the same request may succeed: a proxy without its server, too many requests.
const TRANSIENT = [429, 502, 503, 504];

export class Outbox {
  // `state` is called with "sending", "" (all is sent), "gone" or "signed-out"; `signedIn` waits for a new session.
  constructor(state, signedIn) { Object.assign(this, { state, signedIn }); this.waiting = []; this.busy = false; }

  get empty() { return !this.waiting.length && !this.busy; }

  send(task) {
    return new Promise((resolve, reject) => { this.waiting.push({ task, resolve, reject }); this.run(); });
  }

  async run() {
    if (this.busy) return;
    this.busy = true;
    this.state("sending");
    while (this.waiting.length) {
      const { task, resolve, reject } = this.waiting[0];
      try {
        resolve(await task());
        this.state("sending");
      } catch (error) {
        const status = error instanceof ApiError ? error.status : 0;
        if (status === 401) { // Nothing is lost: the task is sent after the person has signed in.
          this.state("signed-out");
          await this.signedIn();
          continue;
        }
        if (!status || TRANSIENT.includes(status)) { // The server may come back.
          this.state("gone");
          await new Promise((go) => setTimeout(go, 1000));
          continue;
        }
        reject(error);
      }
      this.waiting.shift();
    }
    this.busy = false;
    this.state("");
  }
}
