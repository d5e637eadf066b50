// What changed, what was understood, what was not: told as far as the server vouches for it, and no further.

import { $, button, el, fill, save } from "./dom.js";
import { percent, t } from "./i18n.js";
import { base } from "./api.js";
import { now, onChange, pictureOf, step } from "./session.js";
import { draw as drawSnippets } from "./snippets.js";

export function start(redo) {
  onChange(() => draw(redo));
}

function draw(redo) {
  const each = now();
  if (!each?.images) return fill($("report"));
  return fill($("report"), changes(each), understood(each), download(each, redo), drawSnippets(each));
}

/** The sentence about a picture's share of change; which one depends on what the rest can be said to be. */
export function sentence(each) {
  const image = each.images[each.chosen];
  const kept = image.preserve;
  const share = percent(image.share);
  if (each.request.preserve === "off") return t("changed.off", { share });
  if (kept?.kind === "global" || image.share === 1) return t("changed.all", { share });
  if (image.share === 0) return t("changed.none");
  const input = pictureOf(step(each.parent));
  const sameSize = each.request.size === "original" && input && input.width === image.width && input.height === image.height;
  if (!kept?.outside?.exact_after) return t("changed.near", { share });
  if (image.type !== "image/png") return t(sameSize ? "changed.jpeg" : "changed.jpegResized", { share });
  return t(sameSize ? "changed.exact" : "changed.resized", { share, width: image.width, height: image.height });
}

function changes(each) {
  const image = each.images[each.chosen];
  const many = image.turns > 1 && image.touched !== undefined;
  const summary = image.preserve?.kind !== "global" && image.preserve?.summary; // the sentence says so already
  return el("section", { className: "card", "aria-labelledby": "changed-name" },
    el("h2", { id: "changed-name" }, t("changed.title")),
    el("p", { className: "figure", id: "changed-share" }, sentence(each)),
    many && el("p", {}, t("changed.turns", { turns: image.turns, share: percent(image.touched) })),
    summary && el("p", { className: "small", lang: "en" }, summary));
}

function understood(each) {
  const { explain, meta } = each.answer;
  const phrases = (explain?.resolutions ?? []).map((found) => el("li", {},
    el("span", { className: "phrase" }, found.phrase ? `“${found.phrase}”` : t("understood.unsaid")),
    el("span", { lang: "en" }, found.resolved_to),
    el("span", { className: "small" }, `${percent(found.confidence)} · ${t(found.verified ? "understood.seen" : "understood.read")}`)));
  const plan = (explain?.plan ?? []).map((operation) => operation.description).filter(Boolean);
  const notes = [...new Set(meta.notes ?? [])];
  const ignored = (each.ignored ?? []).map((field) => `${field.field}: ${field.reason}`);
  return el("section", { className: "card", "aria-labelledby": "understood-name" },
    el("h2", { id: "understood-name" }, t("understood.title")),
    plan.length > 0 && el("p", { lang: "en" }, plan.join("; ")),
    phrases.length > 0 && el("ul", { className: "phrases" }, phrases),
    [...notes, ...ignored].length > 0 && el("ul", { className: "small notes", lang: "en" }, [...notes, ...ignored].map((note) => el("li", {}, note))),
    el("p", { className: "small" }, t("understood.made", { engine: meta.engine, seed: each.images[each.chosen].seed })));
}

function download(each, redo) {
  const image = each.images[each.chosen];
  const kept = each.request.size === "original";
  const now_ = image.type === "image/png" ? "png" : "jpeg";
  const other = now_ === "png" ? "jpeg" : "png";
  const name = `retouch-${image.seed}`;
  const words = { png: "PNG", jpeg: "JPEG" };
  const again = (format, original) => async (event) => {
    event.target.disabled = true;
    const blob = await redo(each, { output_format: format, ...(original ? { size: "original", aspect_ratio: undefined } : {}) });
    event.target.disabled = false;
    if (blob) save(blob, `${name}.${format === "png" ? "png" : "jpg"}`);
  };
  return el("section", { className: "card", "aria-labelledby": "download-name" },
    el("h2", { id: "download-name" }, t("download.title")),
    el("div", { className: "row" },
      button(words[now_], () => save(image.blob, `${name}.${now_ === "png" ? "png" : "jpg"}`), { className: "primary", id: "download" }),
      button(words[other], again(other, false), { id: "download-other" }),
      !kept && button(t("download.original"), again("png", true), { id: "download-original" }),
      image.mask && button(t("download.mask"), () => save(image.mask, `${name}-mask.png`)),
      each.mask && button(t("download.place"), () => save(each.mask, "mask.png"), { id: "download-place" })),
    el("p", { className: "small" }, t("download.help")),
    el("p", { className: "small" }, el("a", { href: new URL(`files/${image.file}`, base).href }, t("download.link"))));
}

/** A refusal: the words that were not understood, those that were, and what would work, to click on. */
export function refusal(error, take) {
  const { understood: read = [], not_understood: unread = [], hint = "" } = error.problem;
  const tries = suggestionsIn(hint);
  return fill($("message"), el("div", { className: "card refusal" },
    el("h2", {}, t("refused.title")),
    unread.length > 0 && el("p", {}, t("refused.not"), " ", unread.map((phrase) => el("mark", {}, phrase))),
    read.length > 0 && el("p", {}, t("refused.read"), " ", el("span", { lang: "en" }, read.join("; "))),
    tries.length > 0 && el("p", {}, t("refused.instead")),
    tries.length > 0 && el("div", { className: "ideas" }, el("ul", {}, tries.map((text) => el("li", { lang: "en" }, button(text, () => take(text), { className: "chip" }))))),
    hint && el("p", { className: "small", lang: "en" }, hint)));
}

/** What a hint puts in quotes as something to say; words that it does not know are in quotes too, and are not taken. */
export function suggestionsIn(hint) {
  const said = hint.replace(/^It does not know [^.]*\.\s*/, "");
  return [...new Set([...said.matchAll(/"([^"]{3,120})"/g)].map((match) => match[1]))].slice(0, 4);
}
