// What pages gain by JavaScript: colors to choose, code to copy, and search. All else works without.

const $$ = (id) => document.getElementById(id);
const root = document.documentElement.dataset.root;

function el(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

const THEME = "retouch.theme";
const NAMES = { auto: "Theme: system", light: "Theme: light", dark: "Theme: dark" };

function paint(chosen) {
  const choices = Object.keys(NAMES);
  document.documentElement.dataset.theme = chosen;
  $$("theme").textContent = NAMES[chosen] ?? NAMES.auto;
  $$("theme").onclick = () => {
    const next = choices[(choices.indexOf(chosen) + 1) % choices.length];
    localStorage.setItem(THEME, next);
    paint(next);
  };
}

async function copy(code, button) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {
    // On plain http from another machine there is no clipboard: select the text, and the keyboard copies it.
    getSelection().selectAllChildren(code);
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

function addCopyButtons() {
  for (const block of document.querySelectorAll(".code")) {
    const button = el("button", { type: "button", textContent: "Copy", ariaLabel: "Copy this code" });
    button.onclick = () => copy(block.querySelector("code"), button);
    button.setAttribute("aria-live", "polite");
    block.append(button);
  }
}

let index;

async function load() {
  index ??= fetch(`${root}search.json`).then((answer) => answer.json());
  return index;
}

/** Sections that have every word of the query; titles count most, then headings. */
function matches(pages, words) {
  const found = [];
  for (const [url, title, sections] of pages) {
    for (const [anchor, heading, text] of sections) {
      const fields = [[title, 4], [heading, 8], [text, 1]].map(([field, worth]) => [field.toLowerCase(), worth]);
      const scores = words.map((word) => fields.reduce((sum, [field, worth]) => sum + (field.includes(word) ? worth : 0), 0));
      if (Math.min(...scores) > 0) found.push({ url, title, anchor, heading, text, score: scores.reduce((a, b) => a + b) });
    }
  }
  return found.sort((a, b) => b.score - a.score).slice(0, 12);
}

function excerpt(text, words) {
  const at = Math.min(...words.map((word) => text.toLowerCase().indexOf(word)).filter((each) => each >= 0), text.length);
  const from = Math.max(0, at - 40);
  const cut = text.slice(from, from + 120);
  return (from > 0 ? "…" : "") + (at === text.length ? text.slice(0, 120) : cut);
}

function show(results, words) {
  const list = $$("found");
  const items = results.map((each) => {
    const where = each.heading === each.title ? each.title : `${each.title}: ${each.heading}`;
    const href = `${root}${each.url}${each.anchor ? `#${each.anchor}` : ""}`;
    return el("li", {}, el("a", { href }, el("b", { textContent: where }), el("span", { textContent: excerpt(each.text, words) })));
  });
  list.replaceChildren(...items);
  list.hidden = words.length === 0 || items.length === 0;
  $$("count").textContent = words.length === 0 ? "" : `${items.length} found`;
  $$("search").classList.toggle("none", words.length > 0 && items.length === 0);
}

async function search() {
  const words = $$("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  show(matches(await load(), words.length ? words : ["\0"]), words);
}

function step(event) {
  const links = [$$("search"), ...$$("found").querySelectorAll("a")];
  const at = links.indexOf(document.activeElement);
  if (event.key === "Escape") {
    $$("found").hidden = true;
    $$("search").focus();
  } else if (event.key === "Enter" && at === 0) {
    links[1]?.click();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    links[Math.min(Math.max(at + (event.key === "ArrowDown" ? 1 : -1), 0), links.length - 1)].focus();
  }
}

function beginSearch() {
  const find = document.querySelector(".find");
  find.hidden = false;
  $$("search").onfocus = load;
  $$("search").oninput = search;
  find.onkeydown = step;
  document.addEventListener("click", (event) => find.contains(event.target) || ($$("found").hidden = true));
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && document.activeElement?.tagName !== "INPUT") {
      event.preventDefault();
      $$("search").focus();
    }
  });
}

$$("theme").hidden = false;
paint(document.documentElement.dataset.theme ?? "auto");
addCopyButtons();
beginSearch();
