// The page's words. A language is one file of lang/; all have the same keys, which a test compares.

export const LANGUAGES = { en: "English", de: "Deutsch", fr: "Français", es: "Español", zh: "中文" };
const CHOICE = "retouch.language";
let words = {};
let current = "en";

export const language = () => current;

export function wanted() {
  const kept = localStorage.getItem(CHOICE);
  const all = [kept, ...navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase())];
  return all.find((tag) => tag in LANGUAGES) ?? "en";
}

export async function load(tag, { keep = false } = {}) {
  const answer = await fetch(new URL(`../lang/${tag}.json`, import.meta.url));
  words = await answer.json();
  current = tag;
  if (keep) localStorage.setItem(CHOICE, tag);
  document.documentElement.lang = tag;
  for (const each of document.querySelectorAll("[data-t]")) each.textContent = t(each.dataset.t);
  for (const each of document.querySelectorAll("[data-label]")) each.setAttribute("aria-label", t(each.dataset.label));
  for (const each of document.querySelectorAll("[data-placeholder]")) each.placeholder = t(each.dataset.placeholder);
}

export const has = (key) => key in words;

export function t(key, values = {}) {
  const text = words[key];
  if (text === undefined) throw new Error(`no words for ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** A list that a language file holds as one text, a sentence a line. */
export const lines = (key) => t(key).split("\n");

export function percent(share) {
  const digits = share > 0 && share < 0.001 ? 3 : 1;
  return new Intl.NumberFormat(current, { style: "percent", maximumFractionDigits: digits }).format(share);
}

export const number = (value, digits = 1) =>
  new Intl.NumberFormat(current, { maximumFractionDigits: digits }).format(value);
