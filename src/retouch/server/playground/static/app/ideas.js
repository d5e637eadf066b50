// Sentences to click on that fit the picture: by what its pixels say at a glance, and by what the last edit was told to be there.

import { el, button, fill, $ } from "./dom.js";
import { lines, t } from "./i18n.js";

const SIDE = 48;

/** Say of a picture what can be told from 48 x 48 of its pixels: dark, pale, sky above, green below, a plain rim, upright. */
export async function glance(blob) {
  const bitmap = await createImageBitmap(blob, { resizeWidth: SIDE, resizeHeight: SIDE, resizeQuality: "medium" });
  const canvas = el("canvas", { width: SIDE, height: SIDE });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  const seen = { luma: 0, colorful: 0, sky: 0, green: 0, rim: [] };
  for (let at = 0; at < SIDE * SIDE; at += 1) note(seen, data, at);
  const count = SIDE * SIDE;
  return {
    dark: seen.luma / count < 80,
    gray: seen.colorful / count < 12,
    sky: seen.sky / (count / 3) > 0.55,
    green: seen.green / (count / 3) > 0.4,
    plain: spread(seen.rim) < 14,
  };
}

function note(seen, data, at) {
  const [r, g, b] = data.subarray(at * 4, at * 4 + 3);
  const [row, column] = [Math.floor(at / SIDE), at % SIDE];
  const luma = 0.299 * r + 0.587 * g + 0.114 * b;
  seen.luma += luma;
  seen.colorful += Math.max(r, g, b) - Math.min(r, g, b);
  if (row < SIDE / 3 && b > r + 12 && b > g - 6 && luma > 45) seen.sky += 1;
  if (row >= (SIDE * 2) / 3 && g > r + 8 && g > b + 8) seen.green += 1;
  if (row < 2 || column < 2 || column >= SIDE - 2) seen.rim.push(luma);
}

function spread(all) {
  const mean = all.reduce((sum, each) => sum + each, 0) / all.length;
  return Math.sqrt(all.reduce((sum, each) => sum + (each - mean) ** 2, 0) / all.length);
}

/** Keys of the language files, the most fitting first. */
export function keysFor(seen, pictures) {
  const keys = pictures > 1 ? ["ideas.several"] : [];
  for (const kind of ["sky", "green", "dark", "gray", "plain"]) if (seen[kind]) keys.push(`ideas.${kind}`);
  return [...keys, "ideas.any"];
}

/** Things that the last edit found in the picture, by the words that stood for them. */
const thingsOf = (answer) => [...new Set((answer?.explain?.resolutions ?? [])
  .filter((each) => each.verified && /^the \w+( \w+)?$/i.test(each.phrase)).map((each) => each.phrase.toLowerCase()))];

/** Offer sentences for a picture; `done` is the instruction that made it, which is not offered again. */
export async function draw(picture, pictures, answer, done, take) {
  if (!picture?.shown) return fill($("ideas"));
  const sentences = [];
  for (const thing of thingsOf(answer).slice(0, 1)) sentences.push(`Make ${thing} brighter`);
  for (const key of keysFor(await glance(picture.shown), pictures)) sentences.push(...lines(key));
  const chips = [...new Set(sentences)].filter((text) => text.toLowerCase() !== done?.toLowerCase()).slice(0, 5).map((text) => el("li", {}, button(text, () => take(text), { className: "chip" })));
  return fill($("ideas"), el("p", { className: "small", id: "ideas-name" }, t("ideas.label")), el("ul", { "aria-labelledby": "ideas-name" }, chips));
}
