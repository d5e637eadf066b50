// Where the next edit may change the picture: painted, or a box by numbers. It travels as mask_url, white where it may change.

import { $, button, el, say } from "./dom.js";
import { t } from "./i18n.js";
import { session } from "./session.js";

const LONGEST = 2048; // the server brings a mask to the picture's size
const state = { open: false, tool: "brush", size: 8, box: { left: 25, top: 25, width: 50, height: 50 } };
let canvas = null;
let redraw = () => {};

export const isOpen = () => state.open;
export const close = () => { state.open = false; };
export const toggle = () => { state.open = !state.open; };
const strokes = () => session.mask?.strokes ?? [];

export function canvasFor(picture) {
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  canvas = el("canvas", { className: "mask", width: Math.round(picture.width * scale), height: Math.round(picture.height * scale), role: "img", "aria-label": t("mask.canvas") });
  canvas.addEventListener("pointerdown", begin);
  paint();
  return canvas;
}

function begin(event) {
  if (event.button !== 0) return;
  event.preventDefault();
  canvas.setPointerCapture(event.pointerId);
  const here = place(event);
  const stroke = { tool: state.tool, size: state.size, points: [here, here] };
  const all = [...strokes(), stroke];
  session.mask = { strokes: all };
  const move = (moved) => {
    if (stroke.tool === "box") stroke.points[1] = place(moved);
    else stroke.points.push(place(moved));
    paint();
  };
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("lostpointercapture", () => { canvas.removeEventListener("pointermove", move); redraw(); }, { once: true });
  paint();
}

/** A place in the picture, 0 to 1 each way. */
function place(event) {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((at) => Math.min(1, Math.max(0, at)));
}

function paint() {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  for (const stroke of strokes()) drawStroke(context, stroke);
}

function drawStroke(context, { tool, size, points }) {
  const { width, height } = context.canvas;
  context.globalCompositeOperation = tool === "eraser" ? "destination-out" : "source-over";
  context.fillStyle = context.strokeStyle = "rgb(255, 0, 150)";
  if (tool === "box") {
    const [[x0, y0], [x1, y1]] = points;
    context.fillRect(Math.min(x0, x1) * width, Math.min(y0, y1) * height, Math.abs(x1 - x0) * width, Math.abs(y1 - y0) * height);
    return;
  }
  context.lineWidth = (size / 100) * Math.max(width, height);
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  points.forEach(([x, y], index) => (index ? context.lineTo(x * width, y * height) : context.moveTo(x * width, y * height)));
  context.stroke();
}

/** The mask as the server takes it: white on black. Null when nothing is marked. */
export async function asPng(picture) {
  if (!strokes().length) return null;
  canvasFor(picture);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const out = el("canvas", { width: canvas.width, height: canvas.height });
  const context = out.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  let marked = false;
  for (let at = 0; at < data.length; at += 4) {
    const white = data[at + 3] > 127 ? 255 : 0;
    marked ||= white > 0;
    image.data.set([white, white, white, 255], at);
  }
  context.putImageData(image, 0, 0);
  return marked ? new Promise((resolve) => out.toBlob(resolve, "image/png")) : null;
}

const change = (all) => { session.mask = all.length ? { strokes: all } : null; if (canvas?.isConnected) paint(); redraw(); };

export function controls(onChange) {
  redraw = onChange;
  const tools = ["brush", "eraser", "box"].map((tool) => button(t(`mask.${tool}`), () => { state.tool = tool; redraw(); },
    { id: `tool-${tool}`, "aria-pressed": String(state.tool === tool) }));
  const size = el("input", { type: "range", id: "brush-size", min: 1, max: 30, value: state.size, oninput: (event) => { state.size = Number(event.target.value); } });
  const undo = button(t("undo"), () => change(strokes().slice(0, -1)), { id: "mask-undo", disabled: !strokes().length });
  const clear = button(t("mask.clear"), () => { change([]); say(t("mask.cleared")); }, { id: "mask-clear", disabled: !strokes().length });
  return el("div", { className: "mask-controls" },
    el("div", { className: "row" }, el("div", { className: "group", role: "group", "aria-label": t("mask.tools") }, tools),
      el("label", { for: "brush-size" }, t("mask.size")), size, undo, clear,
      button(t("mask.done"), () => { close(); redraw(); $("instruction").focus(); }, { className: "primary", id: "mask-done" })),
    boxByNumbers(),
    el("p", { className: "small" }, t("mask.help")));
}

/** The way without a pointer: a box in percent of the picture, which the arrow keys change as in any field for numbers. */
function boxByNumbers() {
  const fields = Object.entries(state.box).map(([name, value]) => {
    const take = (event) => { state.box[name] = Number(event.target.value); };
    const field = el("input", { type: "number", id: `box-${name}`, min: 0, max: 100, step: 1, value, oninput: take });
    return el("span", { className: "pair" }, el("label", { for: `box-${name}` }, t(`box.${name}`)), field);
  });
  const add = () => {
    const [left, top, width, height] = Object.values(state.box).map((value) => value / 100);
    change([...strokes(), { tool: "box", size: 0, points: [[left, top], [Math.min(1, left + width), Math.min(1, top + height)]] }]);
    say(t("box.added"));
  };
  return el("fieldset", { className: "row box" }, el("legend", {}, t("box.legend")), fields, button(t("box.add"), add, { id: "box-add" }));
}
