// The server's public API, and nothing else. Every address is relative to the page, so a path before it does no harm.

import { $, button, el, fill } from "./dom.js";
import { has, t } from "./i18n.js";

const KEY = "retouch.key";
const NO_KEY = "playground"; // a server without keys takes any; one with keys answers 401, and the page asks
export const base = new URL(".", document.baseURI);
export const key = () => sessionStorage.getItem(KEY);

/** What the server refused, in its own words; `code` is the same whatever went wrong where. */
export class Refused extends Error {
  constructor(problem, status = 0) {
    super(problem.message ?? "");
    this.problem = problem;
    this.code = problem.code ?? "internal_error";
    this.status = problem.status ?? status;
  }
}

export const sayRefusal = (error) => {
  const code = error.code ?? "internal_error";
  return has(`error.${code}`) ? t(`error.${code}`) : t("error.other");
};

let asking = null; // the one question for a key, however many requests need it

/** Ask the server. Answers 401 by asking for a key, once for each try. */
export async function ask(path, { method = "GET", body, signal, headers = {} } = {}) {
  for (;;) {
    const used = key();
    const answer = await send(path, { method, body, signal, headers });
    if (answer.ok) return answer;
    const problem = await problemOf(answer);
    if (answer.status !== 401) throw new Refused(problem, answer.status);
    if (key() !== used) continue; // somebody else was asked meanwhile, and had one
    asking ??= askForKey(used !== null).finally(() => { asking = null; });
    if (!(await asking)) throw new Refused(problem, answer.status);
  }
}

export const askJson = async (path, options) => (await ask(path, options)).json();

async function send(path, { method, body, signal, headers }) {
  const sent = { authorization: `Bearer ${key() ?? NO_KEY}`, ...headers };
  if (body !== undefined) sent["content-type"] = "application/json";
  try {
    const data = body === undefined ? undefined : JSON.stringify(body);
    return await fetch(new URL(path, base), { method, signal, headers: sent, body: data, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused({ code: "unreachable", message: String(error.message) });
  }
}

async function problemOf(answer) {
  try {
    const body = await answer.json();
    return { status: answer.status, message: body.message, code: `http_${answer.status}`, ...(body.error ?? {}) };
  } catch {
    return { status: answer.status, code: `http_${answer.status}`, message: answer.statusText };
  }
}

/** Ask for the key in a dialog; false when there is none to be had. It stays in this tab and goes when the tab goes. */
export function askForKey(wrong) {
  return new Promise((resolve) => {
    const field = el("input", { type: "password", id: "key", autocomplete: "off", spellcheck: false });
    let given = false;
    const take = () => {
      if (!field.value.trim()) return field.focus();
      sessionStorage.setItem(KEY, field.value.trim());
      given = true;
      dialog.close();
    };
    field.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); take(); } });
    const dialog = el("dialog", { className: "dialog", "aria-labelledby": "key-title" },
      el("h2", { id: "key-title" }, t("key.title")),
      el("p", {}, t(wrong ? "key.wrong" : "key.text")),
      el("label", { className: "field-name", for: "key" }, t("key.label")), field,
      el("p", { className: "small" }, t("key.kept")),
      el("div", { className: "row" }, button(t("key.use"), take, { className: "primary" }),
        button(t("close"), () => dialog.close())));
    dialog.addEventListener("close", () => { dialog.remove(); resolve(given); });
    document.body.append(dialog);
    dialog.showModal();
  });
}

export const start = (body) => askJson("v1/edits", { method: "POST", body });
export const cancel = (id) => askJson(`v1/edits/${id}/cancel`, { method: "POST" });
export const preview = (source) => askJson("v1/previews", { method: "POST", body: { image_url: source } });
export const models = async () => (await askJson("v1/models?include=info,capabilities")).data;

export async function file(name) {
  const answer = await fetch(new URL(`files/${name}`, base));
  if (!answer.ok) throw new Refused({ code: "not_found", message: name }, answer.status);
  return answer.blob();
}

export const nameOf = (url) => new URL(url, base).pathname.split("/").pop();

/** Yield where an edit stands until it has ended. A stream that breaks off is taken up again by asking. */
export async function* follow(id, signal) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      let ended = false;
      for await (const state of events(id, signal)) {
        yield state;
        ended = isFinal(state); // the server closes the stream after that
        attempt = 0;
      }
      if (ended) return;
    } catch (error) {
      if (error.name === "AbortError" || error.status || attempt >= 5) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 500 * (attempt + 1)));
    const state = await askJson(`v1/edits/${id}`, { signal });
    yield state;
    if (isFinal(state)) return;
  }
}

export const isFinal = (state) => !["queued", "running"].includes(state.status);

async function* events(id, signal) {
  const answer = await ask(`v1/edits/${id}/events`, { signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      const data = part.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
      if (data.length) yield JSON.parse(data.join("\n"));
    }
  }
}

export const showRefusal = (error, ...more) =>
  fill($("message"), el("p", {}, sayRefusal(error)),
    error.message && el("p", { className: "small", lang: "en" }, error.message), ...more);
