// Exactly this call for a terminal and for programs. The key is never in it, only the name of a variable.

import { base } from "./api.js";
import { button, el, say } from "./dom.js";
import { t } from "./i18n.js";
import { pictureOf, step } from "./session.js";

const shell = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;
const nameOf = (photo) => photo.name.replace(/[^\w.\- ]/g, "_");

/** What a step sent: its fields, and its pictures as files to read, addresses, or the answer that it went on from. */
export function callOf(each) {
  const parent = step(each.parent);
  const body = { prompt: each.prompt, ...each.request, seed: each.answer.seed };
  const photos = [...(parent?.photo ? [parent.photo] : []), ...each.extras];
  if (!parent?.photo) body.parent = pictureOf(parent).file;
  return { body, photos, url: new URL("v1/images/generations", base).href, mask: each.mask ? "mask.png" : null };
}

export function curl(each) {
  const { body, photos, url, mask } = callOf(each);
  const parts = [`printf '%s' ${shell(JSON.stringify(body).slice(0, -1))}`];
  const encoded = (file) => `printf '"data:;base64,'; base64 < ${shell(file)} | tr -d '\\n'; printf '"'`;
  const source = (photo) => (photo.url ? `printf '%s' ${shell(JSON.stringify(photo.url))}` : encoded(nameOf(photo)));
  if (photos.length) parts.push(`printf ',"image_url":['`, photos.map(source).join("; printf ','; "), "printf ']'");
  if (mask) parts.push(`printf ',"mask_url":'`, encoded(mask));
  parts.push("printf '}'");
  return `{ ${parts.join("\n  ")}\n} | curl -sS ${shell(url)} \\\n  -H "Authorization: Bearer $RETOUCH_API_KEY" -H 'Content-Type: application/json' \\\n  --data-binary @-`;
}

const python = (value) => JSON.stringify(value, null, 4).replace(/^(\s*"[^"]+": )true/gm, "$1True").replace(/^(\s*"[^"]+": )false/gm, "$1False");

export function pythonCode(each) {
  const { body, photos, url, mask } = callOf(each);
  const source = (photo) => (photo.url ? JSON.stringify(photo.url) : `data_uri(${JSON.stringify(nameOf(photo))})`);
  const needs = mask || photos.some((photo) => !photo.url);
  return [
    needs && "import base64", "import os", needs && "from pathlib import Path", "", "import requests", "",
    needs && 'def data_uri(name):\n    return "data:;base64," + base64.b64encode(Path(name).read_bytes()).decode()\n',
    `body = ${python(body)}`,
    photos.length > 0 && `body["image_url"] = [${photos.map(source).join(", ")}]`,
    mask && `body["mask_url"] = data_uri(${JSON.stringify(mask)})`,
    `answer = requests.post(${JSON.stringify(url)}, json=body, headers={"Authorization": f"Bearer {os.environ['RETOUCH_API_KEY']}"})`,
    "answer.raise_for_status()", 'print(answer.json()["images"])',
  ].filter((line) => line !== false).join("\n").replace(/\n{3,}/g, "\n\n");
}

export function javascript(each) {
  const { body, photos, url, mask } = callOf(each);
  const source = (photo) => (photo.url ? JSON.stringify(photo.url) : `await dataUri(${JSON.stringify(nameOf(photo))})`);
  const needs = mask || photos.some((photo) => !photo.url);
  return [
    needs && 'import { readFile } from "node:fs/promises";\n\nconst dataUri = async (name) => `data:;base64,${(await readFile(name)).toString("base64")}`;',
    `const body = ${JSON.stringify(body, null, 2)};`,
    photos.length > 0 && `body.image_url = [${photos.map(source).join(", ")}];`,
    mask && `body.mask_url = await dataUri(${JSON.stringify(mask)});`,
    `const answer = await fetch(${JSON.stringify(url)}, {\n  method: "POST",\n  headers: { authorization: \`Bearer \${process.env.RETOUCH_API_KEY}\`, "content-type": "application/json" },\n  body: JSON.stringify(body),\n});`,
    "console.log((await answer.json()).images);",
  ].filter(Boolean).join("\n");
}

const FLAGS = {
  seed: "--seed", num_images: "--num-images", aspect_ratio: "--aspect-ratio", size: "--size", engine: "--engine", guidance_scale: "--guidance",
  num_inference_steps: "--steps", strength: "--strength", negative_prompt: "--negative", true_cfg_scale: "--true-cfg-scale",
};

export function commandLine(each) {
  const { body, photos } = callOf(each);
  const ending = body.output_format === "png" ? "png" : "jpg";
  const inputs = [...(body.parent ? [body.parent] : []), ...photos.map((photo) => photo.url ?? nameOf(photo))];
  const flags = Object.entries(FLAGS).filter(([name]) => body[name] !== undefined && body[name] !== 1).map(([name, flag]) => `${flag} ${shell(body[name])}`);
  for (const lora of body.loras ?? []) flags.push(`--lora ${shell(lora.weight ? `${lora.name}:${lora.weight}` : lora.name)}`);
  if (each.mask) flags.push("--mask mask.png");
  const unsaid = ["parent", "preserve", "safety_tolerance", "max_sequence_length"].filter((name) => body[name] !== undefined);
  const note = unsaid.length ? `# ${t("snippet.unsaid")}: ${unsaid.join(", ")}\n` : "";
  return `${note}retouch edit ${inputs.map(shell).join(" ")} -p ${shell(body.prompt)} \\\n  -o edited.${ending} ${flags.join(" ")}`.trimEnd();
}

const KINDS = [["curl", curl], ["Python", pythonCode], ["JavaScript", javascript], ["CLI", commandLine]];
let kind = 0;

export function draw(each) {
  const code = el("pre", { tabIndex: 0, role: "region", "aria-label": t("snippet.title"), id: "snippet" });
  const tabs = KINDS.map(([name], index) => button(name, () => { kind = index; show(); }));
  const show = () => {
    code.textContent = KINDS[kind][1](each);
    tabs.forEach((tab, index) => tab.setAttribute("aria-pressed", String(index === kind)));
  };
  show();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      say(t("snippet.copied"));
    } catch { // kept from pages over plain http: the text is selected, so that one key copies it
      getSelection().selectAllChildren(code);
      say(t("snippet.selected"));
    }
  };
  return el("details", { className: "card" }, el("summary", {}, t("snippet.title")),
    el("div", { className: "row" }, el("div", { className: "group", role: "group", "aria-label": t("snippet.kind") }, tabs), button(t("snippet.copy"), copy, { id: "copy" })), code);
}
