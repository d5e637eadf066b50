// The strip of steps: every photo and edit of this visit. Going back and editing again makes a branch.

import { $, button, el, fill, urlOf } from "./dom.js";
import { t } from "./i18n.js";
import { canRedo, go, now, numberOf, onChange, pictureOf, redo, session, undo } from "./session.js";

export function start() {
  onChange(draw);
}

function draw() {
  const all = [...session.steps.values()];
  $("history").hidden = all.length === 0;
  if (!all.length) return;
  fill($("history"),
    el("div", { className: "row" },
      button(t("undo"), undo, { id: "undo", disabled: !now()?.parent }), button(t("redo"), redo, { id: "redo", disabled: !canRedo() })),
    el("ol", {}, all.map(thumb)));
  $("history").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function thumb(each) {
  const picture = pictureOf(each);
  const number = numberOf(each.id);
  const name = each.photo ? each.photo.name : each.prompt;
  const from = each.parent && numberOf(each.parent) !== number - 1 ? t("history.from", { n: numberOf(each.parent) }) : "";
  return el("li", {}, button([
    picture.shown ? el("img", { src: urlOf(picture.shown), alt: "" }) : el("span", { className: "no-thumb" }),
    el("span", { className: "thumb-name" }, `${number} · ${name}`), from && el("span", { className: "from" }, from)],
  () => go(each.id), { id: `step-${each.id}`, className: "thumb", title: name, "aria-current": each.id === session.current ? "step" : undefined }));
}
