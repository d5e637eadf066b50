// Every parameter of the API with its meaning beside it. What is left empty is not sent, so the server's default holds.

import { models } from "./api.js";
import { $, el, fill } from "./dom.js";
import { t } from "./i18n.js";

const KEPT = "retouch.params";
const RATIOS = ["21:9", "16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "9:21"];
const MODEL = "flux/kontext-max/image-to-image";
// name, kind, and what the kind needs. Groups are told apart because the built-in editor has no use for the second.
const FIELDS = [
  ["size", "choice", ["original", "", ...RATIOS]],
  ["output_format", "choice", ["png", "jpeg"]],
  ["num_images", "number", { min: 1, max: 4, step: 1 }],
  ["seed", "number", { min: 1, max: 2147483647, step: 1 }],
  ["safety_tolerance", "choice", ["", "1", "2", "3", "4", "5", "6"]],
  ["preserve", "choice", ["", "auto", "off"]],
  ["model", "choice", [MODEL]],
  ["engine", "choice", [""]],
];
const GENERATIVE = [
  ["guidance_scale", "number", { min: 1, max: 20, step: 0.1 }],
  ["num_inference_steps", "number", { min: 1, max: 100, step: 1 }],
  ["strength", "number", { min: 0.01, max: 1, step: 0.01 }],
  ["negative_prompt", "text"],
  ["true_cfg_scale", "number", { min: 1, max: 20, step: 0.1 }],
  ["max_sequence_length", "number", { min: 32, max: 512, step: 1 }],
  ["loras", "text"],
];
const FIRST = { size: "original", output_format: "png", num_images: "1", model: MODEL };

let values = { ...FIRST };
let offered = null;

export function draw() {
  values = { ...FIRST, ...JSON.parse(sessionStorage.getItem(KEPT) ?? "{}") };
  fill($("params"), FIELDS.map(row), el("h3", {}, t("params.generative")), GENERATIVE.map(row));
}

/** Ask which models and engines there are, when the settings are first looked at. */
export async function offer() {
  offered ??= models();
  try {
    const all = (await offered).filter((model) => model.capabilities.image_to_image);
    fillChoice("model", all.map((model) => model.id));
    fillChoice("engine", ["", ...(all[0]?.info.engines ?? [])]);
  } catch {
    offered = null; // the two lists keep what they have; the next look asks again
  }
}

function fillChoice(name, options) {
  const select = $(`p-${name}`);
  fill(select, options.map((value) => option(name, value)));
  select.value = options.includes(values[name]) ? values[name] : options[0];
}

const option = (name, value) => el("option", { value }, value === "" ? t(`${name}.none`) : wordOf(name, value));
const wordOf = (name, value) => (name === "size" && value === "original" ? t("size.original") : value);

function row([name, kind, more]) {
  const id = `p-${name}`;
  const common = { id, "aria-describedby": `${id}-help`, onchange: (event) => set(name, event.target) };
  let field;
  if (kind === "choice") field = el("select", common, more.map((value) => option(name, value)));
  else if (kind === "number") field = el("input", { type: "number", ...more, ...common, placeholder: t("params.default") });
  else field = el("input", { type: "text", ...common, placeholder: t("params.default") });
  field.value = values[name] ?? "";
  return el("div", { className: name === "model" || kind === "text" ? "param broad" : "param" },
    el("label", { for: id }, el("span", {}, t(`${name}.name`)), el("code", {}, name === "size" ? "size, aspect_ratio" : name)),
    field, el("p", { className: "small", id: `${id}-help` }, t(`${name}.help`)));
}

function set(name, field) {
  values[name] = field.value;
  sessionStorage.setItem(KEPT, JSON.stringify(values));
}

export const attempts = () => Number(values.num_images || 1);

/** The first field that the browser itself finds wrong, or null. */
export const wrong = () => [...$("params").querySelectorAll("input, select")].find((field) => !field.checkValidity()) ?? null;

/** The parameters as the body of a request has them. */
export function chosen() {
  const body = { model: values.model || MODEL, explain: true };
  if (values.size === "original") body.size = "original";
  else if (values.size) body.aspect_ratio = values.size;
  for (const [name, kind] of [...FIELDS, ...GENERATIVE]) {
    if (["size", "model", "loras"].includes(name) || !values[name]) continue;
    body[name] = kind === "number" ? Number(values[name]) : values[name];
  }
  if (values.loras) body.loras = values.loras.split(",").map(lora);
  return body;
}

function lora(text) {
  const [name, weight] = text.split(":").map((part) => part.trim());
  return weight ? { name, weight: Number(weight) } : { name };
}
