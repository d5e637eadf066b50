// The page put together: what is taken in, the run of an edit, and the small things around.

import * as api from "./api.js";
import { $, button, dataUri, el, fill, say, urlOf } from "./dom.js";
import * as history from "./history.js";
import { LANGUAGES, language, load, t, wanted } from "./i18n.js";
import * as ideas from "./ideas.js";
import * as mask from "./mask.js";
import * as params from "./params.js";
import { MOST, filesOf, photoOfFile, photoOfUrl, sourceOf, urlIn } from "./photos.js";
import * as report from "./report.js";
import { add, changed, keepJob, now, onChange, pictureOf, restore, session, setTrouble } from "./session.js";
import * as stage from "./stage.js";
import { forget as forgetStore } from "./store.js";

const THEME = "retouch.theme";
const THEMES = ["auto", "light", "dark"];
let running = null; // {id, stop: AbortController} of the edit that is under way
let asFurther = false; // whether the next photo is one more for the same edit

// Photos

async function takeFiles(files, { further = false } = {}) {
  if (files.length) await take(files.map((file) => () => photoOfFile(file)), further);
}

const takeUrl = (url, more = {}) => take([() => photoOfUrl(url)], more.further ?? false);

async function take(makers, further) {
  fill($("message"));
  say(t("photo.taking"));
  for (const make of makers) {
    try {
      const isBase = !further || !now();
      if (!isBase && session.extras.length + 1 >= MOST) return fill($("message"), el("p", {}, t("photo.most", { n: MOST })));
      const photo = await make();
      if (isBase) { session.extras = []; add({ photo }); } else { session.extras.push(photo); changed(); }
      further = true;
      say(t("photo.taken", { name: photo.name, width: photo.width, height: photo.height }));
    } catch (error) {
      showProblem(error);
    }
  }
  $("instruction").focus({ preventScroll: true });
}

function pick(input, further) {
  asFurther = further;
  input.value = "";
  input.click();
}

function drawInputs() {
  const each = now();
  if (!each) return fill($("inputs"));
  const all = [pictureOf(each), ...session.extras];
  return fill($("inputs"), el("ul", {}, all.map((photo, index) => el("li", {},
    photo.shown && el("img", { src: urlOf(photo.shown), alt: "" }),
    el("span", { className: "small" }, index === 0 ? t("inputs.first") : photo.name),
    index > 0 && button("×", () => { session.extras.splice(index - 1, 1); changed(); $("instruction").focus(); }, { className: "remove", "aria-label": t("inputs.remove", { name: photo.name }) }))),
  all.length < MOST && el("li", {}, button("+", () => pick($("files"), true), { className: "add", "aria-label": t("inputs.add") }))),
  el("div", { className: "row" },
    button(t("photo.other"), () => pick($("files"), false), { id: "other-photo" }),
    session.mask && el("span", { className: "small badge" }, t("mask.on"))));
}

function useIdea(text) {
  $("instruction").value = text;
  $("run").focus();
  say(t("ideas.taken", { text }));
}

const drawIdeas = () => ideas.draw(pictureOf(now()), 1 + session.extras.length, now()?.answer, now()?.prompt, useIdea).catch(() => fill($("ideas")));

// An edit

async function run() {
  const each = now();
  const prompt = $("instruction").value.trim();
  fill($("message"));
  if (running) return;
  if (!each) return complain(t("run.noPhoto"), $("choose"));
  if (!prompt) return complain(t("run.noPrompt"), $("instruction"));
  const bad = params.wrong();
  if (bad) { $("settings").open = true; bad.reportValidity(); return; }
  const picture = pictureOf(each);
  const marked = await mask.asPng(picture);
  mask.close();
  const order = { parent: each.id, prompt, request: params.chosen(), extras: [...session.extras], mask: marked };
  await carryOut(order);
}

function complain(text, where) {
  fill($("message"), el("p", {}, text));
  where.focus();
}

async function carryOut(order) {
  busy(true);
  try {
    const body = { ...(await bodyOf(order)), previews: true };
    showProgress({ status: "sending" });
    const said = await api.start(body);
    order.ignored = said.ignored;
    order.job = said.id;
    keepJob(order);
    await followJob(order);
  } catch (error) {
    showProblem(error);
  } finally {
    busy(false);
  }
}

/** The body of the request: the pictures of an order, and its fields. An answer goes by its name, so that it stays exact. */
async function bodyOf({ parent, prompt, request, extras, mask: marked }) {
  const from = session.steps.get(parent);
  const photos = [...(from.photo ? [from.photo] : []), ...extras];
  const body = { prompt, ...request };
  if (!from.photo) body.parent = from.images[from.chosen].file;
  if (photos.length) body.image_url = await Promise.all(photos.map(sourceOf));
  if (marked) body.mask_url = await dataUri(marked);
  return body;
}

async function followJob(order) {
  running = { id: order.job, stop: new AbortController() };
  let last = null;
  for await (const state of api.follow(order.job, running.stop.signal)) {
    last = state;
    showProgress(state);
  }
  keepJob(null);
  if (last.status === "cancelled") return say(fill($("message"), el("p", {}, t("cancelled"))).textContent);
  if (last.status !== "succeeded") throw new api.Refused(last.error ?? { code: "aborted" });
  return finish(order, last.result);
}

async function finish({ parent, prompt, request, extras, mask: marked, ignored }, answer) {
  const images = await imagesOf(answer);
  add({ parent, prompt, request, extras, mask: marked, ignored, answer: slim(answer), images, chosen: 0 });
  session.extras = [];
  $("instruction").value = "";
  changed();
  say(`${t("done")} ${report.sentence(now())}`);
  if (matchMedia("(max-width: 59rem)").matches) $("viewport").scrollIntoView({ block: "start" });
}

const imagesOf = (answer) => Promise.all(answer.images.map(async (image, index) => {
  const told = answer.explain?.images[index] ?? {};
  return {
    file: image.file_name, type: image.content_type, width: image.width, height: image.height, seed: told.seed ?? answer.seed + index,
    blob: await api.file(image.file_name), mask: told.mask ? await api.file(api.nameOf(told.mask.url)) : null,
    share: told.changed_share, touched: told.touched_share, turns: told.turns, preserve: withoutRuns(told.preserve),
  };
}));

const withoutRuns = (preserve) => preserve && { ...preserve, mask: undefined };
const slim = ({ explain, meta, seed, timings }) => ({ meta, seed, timings, explain: { plan: explain?.plan, resolutions: explain?.resolutions } });

/** The same call again with other output, for a download; the seed makes it the same picture. */
async function redo(each, changes) {
  busy(true);
  try {
    const seed = each.images[each.chosen].seed;
    const order = { ...each, request: { ...each.request, ...changes, seed, num_images: 1, explain: false } };
    const said = await api.start(await bodyOf(order));
    running = { id: said.id, stop: new AbortController() };
    let last = null;
    for await (const state of api.follow(said.id, running.stop.signal)) showProgress((last = state));
    if (last.status !== "succeeded") throw new api.Refused(last.error ?? { code: "aborted" });
    return await api.file(last.result.images[0].file_name);
  } catch (error) {
    showProblem(error);
    return null;
  } finally {
    busy(false);
  }
}

async function cancel() {
  if (!running) return;
  $("cancel").disabled = true;
  try {
    await api.cancel(running.id);
  } catch (error) {
    showProblem(error);
  }
}

function busy(on) {
  if (!on) { running = null; stage.setPreview(null); }
  $("run").disabled = on;
  $("cancel").hidden = !on;
  $("cancel").disabled = false;
  $("progress").hidden = !on;
  document.body.classList.toggle("busy", on);
  if (on) fill($("message"));
}

function showProgress(state) {
  const { progress, queue_position: place } = state;
  let text = t(state.status === "sending" ? "progress.sending" : "progress.running");
  if (state.status === "queued") text = place ? t("progress.queued", { n: place }) : t("progress.next");
  const bar = el("progress", { "aria-label": t("progress.label") });
  if (progress) {
    Object.assign(bar, { max: progress.total, value: progress.step });
    text = t("progress.step", { step: progress.step, total: progress.total });
    if (progress.seconds_left) text += ` · ${t("progress.left", { n: Math.ceil(progress.seconds_left) })}`;
  }
  const news = el("p", {}, text, progress && el("span", { className: "small", lang: "en" }, ` ${progress.label}`));
  if ($("progress").firstChild?.textContent !== news.textContent && !progress) say(text);
  fill($("progress"), news, bar);
  if (state.preview) stage.setPreview(state.preview);
}

function showProblem(error) {
  if (error.name === "AbortError") return;
  if (error.code === "unsupported_instruction") report.refusal(error, useIdea);
  else if (error instanceof api.Refused && error.code === "not_found" && now()?.images) api.showRefusal(error, startOver());
  else if (error instanceof api.Refused) api.showRefusal(error);
  else { fill($("message"), el("p", {}, t("error.page")), el("p", { className: "small", lang: "en" }, String(error.message))); }
}

/** An answer that the server has deleted is still in this browser, and can be a photo like any other. */
const startOver = () => button(t("again.fromCopy"), () => {
  const picture = pictureOf(now());
  fill($("message"));
  add({ photo: { name: `${t("step")}.${picture.type === "image/png" ? "png" : "jpg"}`, blob: picture.blob, url: null, shown: picture.blob, width: picture.width, height: picture.height } });
});

// Around it

function listen() {
  $("choose").onclick = () => pick($("files"), false);
  $("camera").onclick = () => pick($("camera-file"), false);
  for (const input of [$("files"), $("camera-file")]) input.onchange = () => takeFiles([...input.files], { further: asFurther });
  const fromUrl = () => ($("url").checkValidity() && $("url").value ? takeUrl($("url").value) : $("url").reportValidity());
  $("take-url").onclick = fromUrl;
  $("url").onkeydown = (event) => { if (event.key === "Enter") fromUrl(); };
  $("run").onclick = run;
  $("cancel").onclick = cancel;
  $("instruction").onkeydown = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); run(); }
  };
  $("settings").ontoggle = () => { if ($("settings").open) params.offer(); };
  $("forget").onclick = forget;
  document.addEventListener("paste", (event) => {
    const typing = event.target.matches?.("input, textarea");
    const files = filesOf(event.clipboardData);
    const url = typing ? null : urlIn(event.clipboardData);
    if (files.length) { event.preventDefault(); takeFiles(files); } else if (url) takeUrl(url);
  });
  listenForDrops();
}

function listenForDrops() {
  let depth = 0;
  const over = (on) => document.body.classList.toggle("dropping", on);
  document.addEventListener("dragenter", (event) => { event.preventDefault(); depth += 1; over(true); });
  document.addEventListener("dragleave", () => { depth -= 1; over(depth > 0); });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    over(false);
    const further = $("inputs").contains(event.target);
    const [files, url] = [filesOf(event.dataTransfer), urlIn(event.dataTransfer)];
    if (files.length) takeFiles(files, { further });
    else if (url) takeUrl(url, { further });
  });
}

async function forget() {
  if (!confirm(t("forget.sure"))) return;
  running?.stop.abort();
  await forgetStore().catch(() => {});
  for (const store of [sessionStorage, localStorage]) { // below a path, other pages keep theirs there, too
    for (const name of Object.keys(store)) if (name.startsWith("retouch.")) store.removeItem(name);
  }
  location.hash = "";
  location.reload();
}

function theme(next) {
  const chosen = next ?? localStorage.getItem(THEME) ?? "auto";
  localStorage.setItem(THEME, chosen);
  document.documentElement.dataset.theme = chosen;
  $("theme").textContent = t(`theme.${chosen}`);
  $("theme").onclick = () => theme(THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length]);
}

async function speak(tag, keep) {
  await load(tag, { keep });
  fill($("language"), Object.entries(LANGUAGES).map(([code, name]) => el("option", { value: code, lang: code, selected: code === language() }, name)));
  $("language").onchange = (event) => speak(event.target.value, true);
  theme();
  params.draw();
  changed();
  await route();
}

/** The operator's pages are another module, which only they load. */
async function route() {
  const operator = location.hash.startsWith("#/operator");
  $("editor").hidden = operator;
  $("operator").hidden = !operator;
  $("to-editor").ariaCurrent = operator ? null : "page";
  $("to-operator").ariaCurrent = operator ? "page" : null;
  if (operator) (await import("./operator.js")).open($("operator"));
}

async function begin() {
  document.documentElement.dataset.theme = localStorage.getItem(THEME) ?? "auto";
  setTrouble(() => say(fill($("message"), el("p", {}, t("store.trouble"))).textContent));
  listen();
  stage.start();
  history.start();
  report.start(redo);
  onChange(drawInputs);
  onChange(drawIdeas);
  const job = await restore();
  addEventListener("hashchange", route);
  await speak(wanted(), false);
  if (job?.job && session.steps.has(job.parent)) resume(job);
}

/** An edit that was under way when the page was closed goes on at the server; look at what became of it. */
async function resume(order) {
  busy(true);
  try {
    await followJob(order);
  } catch (error) {
    keepJob(null);
    showProblem(error);
  } finally {
    busy(false);
  }
}

begin();
