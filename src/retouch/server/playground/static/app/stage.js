// The easel: before and after under one slider, attempts side by side, what changed as an overlay, fit and 100 %.

import { $, button, el, fill, keepFocus, say, urlOf } from "./dom.js";
import { number, t } from "./i18n.js";
import * as mask from "./mask.js";
import { beforeOf, choose, numberOf, now, onChange, pictureOf, session, changed } from "./session.js";

const view = { zoom: "fit", side: false, overlay: false, split: 50, preview: null };
let shownFor = null;

export function start() {
  new ResizeObserver(size).observe($("viewport"));
  onChange(draw);
}

export function setPreview(uri) {
  view.preview = uri;
  const shown = document.querySelector(".preview");
  if (shown && uri) shown.src = uri;
  else draw();
}

export function draw() {
  const each = now();
  $("empty").hidden = Boolean(each);
  $("tools").hidden = $("below").hidden = !each;
  for (const old of $("viewport").querySelectorAll(":scope > :not(#empty)")) old.remove();
  if (!each) return fill($("tools"));
  if (shownFor !== each.id) {
    shownFor = each.id;
    Object.assign(view, { side: each.images?.length > 1, overlay: false, split: 50 });
  }
  drawTools(each);
  const content = view.side && each.images?.length > 1 ? gallery(each) : frame(each);
  $("viewport").append(content);
  size();
  drawBelow(each);
}

const toggle = (label, on, act, more = {}) => button(label, act, { "aria-pressed": String(on), ...more });

function drawTools(each) {
  const set = (changes) => () => { Object.assign(view, changes); keepFocus(draw); };
  const many = each.images?.length > 1;
  const changedMask = each.images?.[each.chosen]?.mask;
  fill($("tools"),
    many && el("div", { className: "group", role: "group", "aria-label": t("view.label") },
      toggle(t("view.compare"), !view.side, set({ side: false }), { id: "view-compare" }), toggle(t("view.side"), view.side, set({ side: true }), { id: "view-side" })),
    changedMask && !view.side && toggle(t("view.changed"), view.overlay, set({ overlay: !view.overlay }), { id: "view-changed" }),
    toggle(t("mask.open"), mask.isOpen(), () => { mask.toggle(); view.side = false; keepFocus(draw); }, { id: "mask-open" }),
    el("div", { className: "group zoom", role: "group", "aria-label": t("zoom.label") },
      toggle(t("zoom.fit"), view.zoom === "fit", set({ zoom: "fit" }), { id: "zoom-fit" }),
      toggle("100 %", view.zoom === "full", set({ zoom: "full", side: false }), { id: "zoom-full" })));
}

function gallery(each) {
  return el("ul", { className: "gallery" }, each.images.map((image, index) =>
    el("li", {}, button([el("img", { src: urlOf(image.blob), alt: "" }), el("span", { className: "tag left" }, t("variation.name", { n: index + 1, seed: image.seed }))],
      () => { view.side = false; choose(index); },
      { "aria-label": t("variation.take", { n: index + 1 }), "aria-current": index === each.chosen ? "true" : undefined }))));
}

function frame(each) {
  const after = pictureOf(each);
  const before = pictureOf(beforeOf(each));
  const made = el("div", { className: "frame" });
  made.dataset.ratio = after.width / after.height;
  made.dataset.width = after.width;
  if (!after.shown) return el("div", { className: "placeholder" }, el("p", {}, t("photo.notShown", { name: after.name })));
  made.append(el("img", { className: "after", src: urlOf(after.shown), alt: altOf(each), draggable: false }));
  if (mask.isOpen()) made.append(mask.canvasFor(after));
  else if (before !== after && before.shown) addSlider(made, before, after, each);
  if (view.overlay && each.images?.[each.chosen]?.mask) addOverlay(made, each.images[each.chosen].mask);
  if (view.preview) made.append(el("img", { className: "preview", src: view.preview, alt: t("preview.alt") }));
  return made;
}

const altOf = (each) => (each.photo ? t("alt.photo", { name: each.photo.name }) : t("alt.answer", { prompt: each.prompt }));

function addSlider(made, before, after, each) {
  // An answer of another shape was cut from the middle, or is a new frame: only the first can lie on top of the other.
  const cut = !each.request?.size && Math.abs(Math.log((before.width / before.height) / (after.width / after.height))) > 0.005;
  const under = el("img", { className: `before ${cut ? "cut" : ""}`, src: urlOf(before.shown), alt: "", draggable: false });
  const handle = el("div", {
    className: "handle", tabIndex: 0, role: "slider", "aria-label": t("slider.label"),
    "aria-valuemin": 0, "aria-valuemax": 100, "aria-orientation": "horizontal",
  }, el("span", { className: "grip" }));
  const labels = [el("span", { className: "tag left" }, t("slider.before")), el("span", { className: "tag right" }, t("slider.after"))];
  const set = (percent) => {
    view.split = Math.min(100, Math.max(0, percent));
    made.style.setProperty("--split", `${view.split}%`);
    handle.setAttribute("aria-valuenow", String(Math.round(view.split)));
    handle.setAttribute("aria-valuetext", t("slider.value", { n: number(view.split, 0) }));
    labels[0].hidden = view.split < 12;
    labels[1].hidden = view.split > 88;
  };
  handle.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10, Home: -100, End: 100 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    set(view.split + steps[event.key]);
  });
  drag(made, handle, (x) => set((100 * x) / made.getBoundingClientRect().width));
  made.append(under, ...labels, handle);
  set(view.split);
}

/** Follow mouse, pen and finger: anywhere on a fitted picture, by the handle where dragging scrolls. */
function drag(made, handle, move) {
  made.addEventListener("pointerdown", (event) => {
    const onHandle = handle.contains(event.target);
    if (event.button !== 0 || (view.zoom === "full" && !onHandle)) return;
    made.setPointerCapture(event.pointerId);
    const follow = (moved) => move(moved.clientX - made.getBoundingClientRect().left);
    follow(event);
    const stop = () => { made.removeEventListener("pointermove", follow); handle.focus({ preventScroll: true }); };
    made.addEventListener("pointermove", follow);
    made.addEventListener("lostpointercapture", stop, { once: true });
  });
}

/** Draw the change mask in the accent color, half as strong where the edit fades. */
async function addOverlay(made, blob) {
  const bitmap = await createImageBitmap(blob);
  const scale = Math.min(1, 1600 / Math.max(bitmap.width, bitmap.height));
  const canvas = el("canvas", { className: "overlay", width: Math.max(1, Math.round(bitmap.width * scale)), height: Math.max(1, Math.round(bitmap.height * scale)) });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const image = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < image.data.length; at += 4) {
    const strength = image.data[at];
    image.data.set([255, 0, 150, strength === 0 ? 0 : 70 + strength * 0.35], at);
  }
  context.putImageData(image, 0, 0);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", t("overlay.alt"));
  made.append(canvas);
}

/** Fit the frame into the easel, or show a pixel of the picture as one of the screen. */
function size() {
  const made = $("viewport").querySelector(".frame");
  if (!made) {
    $("viewport").style.height = "";
    return;
  }
  const ratio = Number(made.dataset.ratio);
  const { clientWidth } = $("viewport");
  // Where the easel is not beside the panel, it is as high as its picture, up to a share of the screen.
  const stacked = matchMedia("(max-width: 59rem)").matches;
  $("viewport").style.height = stacked ? `${Math.round(Math.min(clientWidth / ratio, innerHeight * 0.62))}px` : "";
  const clientHeight = $("viewport").clientHeight;
  const fitted = Math.min(clientWidth, clientHeight * ratio);
  const width = view.zoom === "full" ? Number(made.dataset.width) / devicePixelRatio : fitted;
  made.style.width = `${width}px`;
  made.style.height = `${width / ratio}px`;
  $("viewport").classList.toggle("full", view.zoom === "full");
  if (view.zoom === "full") $("viewport").setAttribute("tabindex", "0");
  else $("viewport").removeAttribute("tabindex");
}

function drawBelow(each) {
  const picture = pictureOf(each);
  const facts = el("p", { className: "small facts" }, t("facts", { width: picture.width, height: picture.height, name: each.photo ? picture.name : `${t("step")} ${numberOf(each.id)}` }));
  const others = [...session.steps.values()].filter((other) => other.id !== each.id && pictureOf(other).shown);
  const select = others.length > 1 && each.images && el("select", {
    id: "against", onchange: (event) => { session.before = event.target.value || null; changed(); say(t("compare.said")); },
  }, others.map((other) => el("option", { value: other.id, selected: other === beforeOf(each) }, `${numberOf(other.id)} · ${other.photo ? other.photo.name : other.prompt}`.slice(0, 60))));
  fill($("below"), mask.isOpen() ? mask.controls(changed) : facts, select && !mask.isOpen() && el("label", { className: "against" }, t("compare.label"), " ", select));
}
