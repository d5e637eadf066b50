// The operator's page: keys, jobs and usage by the admin API. Nothing of it is kept, and the key stays in the tab as any other.

import { askForKey, askJson, sayRefusal } from "./api.js";
import { button, el, fill, keepFocus, say } from "./dom.js";
import { language, number, t } from "./i18n.js";

const LIMIT = 20;

export function open(target) {
  const message = el("div", { className: "message", role: "alert" });
  const secret = el("div", { id: "secret" });
  fill(target, el("div", {}, el("h1", {}, t("nav.operator")), el("p", { className: "small" }, t("op.text"))), message,
    keys(message, secret), listing("jobs", JOBS, message), listing("usage", USAGE, message));
}

const time = (iso) => (iso ? new Date(iso).toLocaleString(language(), { dateStyle: "short", timeStyle: "short" }) : "–");
const names = new Map(); // of keys, by id, for the two other tables
const keyCell = (id) => el("span", { "data-key": id }, names.get(id) ?? id);

// heading, what it shows of an entry, and whether that is a number
const KEYS = [
  ["op.name", (key) => key.name], ["op.key", (key) => el("code", {}, `${key.begins_with[0] ?? ""}…`)], ["op.scopes", (key) => key.scopes.join(", ")],
  ["op.balance", (key) => (key.unlimited ? "∞" : number(key.credits, 0)), true], ["op.created", (key) => time(key.created_at)],
  ["op.used", (key) => time(key.last_used_at)], ["op.state", (key) => t(key.disabled_at ? "op.off" : "op.active")],
];
const JOBS = [
  ["op.created", (job) => time(job.created_at)], ["op.key", (job) => keyCell(job.key_id)], ["op.model", (job) => job.model],
  ["op.images", (job) => number(job.images, 0), true], ["op.state", (job) => (job.error ? `${job.state}: ${job.error}` : job.state)],
];
const USAGE = [
  ["op.day", (day) => day.day], ["op.key", (day) => keyCell(day.key_id)], ["op.edits", (day) => number(day.edits, 0), true],
  ["op.images", (day) => number(day.images, 0), true], ["op.failed", (day) => number(day.failed, 0), true], ["op.balance", (day) => number(day.credits, 0), true],
];

const ACTIONS = {
  keys: (key, again) => !key.disabled_at && [t("op.disable"), key.name, async () => {
    if (!confirm(t("op.disableSure", { name: key.name }))) return;
    await askJson(`admin/v1/keys/${key.id}`, { method: "PATCH", body: { disabled: true } });
    await again();
  }],
  jobs: (job, again) => ["queued", "running"].includes(job.state) && [t("op.cancel"), job.id, async () => {
    await askJson(`admin/v1/jobs/${job.id}/cancel`, { method: "POST" });
    await again();
  }],
};

/** A section with a table of what the server lists, page after page. */
function listing(kind, columns, message, ...above) {
  const body = el("tbody");
  const more = el("div", { className: "row" });
  const attempt = (act) => async () => {
    fill(message);
    try { await act(); } catch (error) { refuse(message, error, again); }
  };
  const show = async (cursor) => {
    const page = await askJson(`admin/v1/${kind}?limit=${LIMIT}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    if (kind === "keys") nameKeys(page.data);
    const rows = page.data.map((entry) => el("tr", {}, columns.map(([, cell, isNumber]) => el("td", { className: isNumber ? "number" : "" }, cell(entry))), actionOf(kind, entry, again, attempt)));
    keepFocus(() => {
      if (cursor) body.append(...rows);
      else fill(body, rows.length ? rows : el("tr", {}, el("td", { colSpan: columns.length + 1 }, t("op.none"))));
      fill(more, page.next_cursor && button("…", attempt(() => show(page.next_cursor)), { "aria-label": t("op.more") }));
    });
  };
  const again = () => show(null);
  attempt(again)();
  return el("section", { id: `op-${kind}`, "aria-labelledby": `op-${kind}-name` },
    el("div", { className: "row" }, el("h2", { id: `op-${kind}-name` }, t(`op.${kind}`)), button(t("op.refresh"), attempt(again), { id: `refresh-${kind}`, "aria-describedby": `op-${kind}-name` })),
    above, el("div", { className: "scroll", tabIndex: 0, role: "region", "aria-labelledby": `op-${kind}-name` },
      el("table", {}, el("thead", {}, el("tr", {}, columns.map(([heading, , isNumber]) => el("th", { scope: "col", className: isNumber ? "number" : "" }, t(heading))), el("td"))), body)), more);
}

/** The three tables are asked for at once: those that were drawn before the keys came get their names now. */
function nameKeys(keys) {
  for (const key of keys) names.set(key.id, key.name);
  for (const cell of document.querySelectorAll("[data-key]")) cell.textContent = names.get(cell.dataset.key) ?? cell.dataset.key;
}

function actionOf(kind, entry, again, attempt) {
  const action = ACTIONS[kind]?.(entry, again);
  return el("td", {}, action && button(action[0], attempt(action[2]), { "aria-label": `${action[0]}: ${action[1]}` }));
}

function keys(message, secret) {
  const name = el("input", { id: "new-key", type: "text", maxLength: 100, autocomplete: "off" });
  const create = async () => {
    fill(message);
    if (!name.value.trim()) return name.focus();
    try {
      const key = await askJson("admin/v1/keys", { method: "POST", body: { name: name.value.trim() } });
      name.value = "";
      fill(secret, el("p", {}, t("op.secret", { name: key.name })), el("p", { className: "secret" }, key.secret));
      say(t("op.secret", { name: key.name }));
      document.getElementById("refresh-keys").click();
    } catch (error) {
      refuse(message, error, () => {});
    }
  };
  return listing("keys", KEYS, message, el("div", { className: "row" }, el("label", { for: "new-key" }, t("op.new")), name, button(t("op.create"), create, { className: "primary", id: "create-key" })), secret);
}

/** Say why not; where the key may not, another one can be given. */
function refuse(message, error, again) {
  const other = error.status === 403 && button(t("key.label"), async () => { if (await askForKey(true)) { fill(message); again(); } }, { id: "other-key" });
  fill(message, el("p", {}, sayRefusal(error)), el("p", { className: "small", lang: "en" }, error.message), other);
}
