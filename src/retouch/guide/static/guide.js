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

const MOST_COUNTED = 6;
const DECISIONS = "adr/"; // why it is so is asked more rarely than how to: these pages count half

/** How much a section is about a word: its heading says most, then the page's title, then how often the text has it. */
function worth(word, title, heading, text) {
  const times = Math.min(text.split(word).length - 1, MOST_COUNTED);
  return (heading.includes(word) ? 12 : 0) + (title.includes(word) ? 6 : 0) + times;
}

/** The sections that have every word of the query, the best first. */
function matches(pages, words) {
  const found = [];
  for (const [url, title, sections] of pages) {
    for (const [anchor, heading, text] of sections) {
      const fields = [title, heading, text].map((field) => field.toLowerCase());
      const scores = words.map((word) => worth(word, ...fields));
      const score = scores.reduce((a, b) => a + b) / (url.startsWith(DECISIONS) ? 2 : 1);
      if (Math.min(...scores) > 0) found.push({ url, title, anchor, heading, text, score });
    }
  }
  return found.sort((a, b) => b.score - a.score).slice(0, 12);
}

function excerpt(text, words) {
  const at = Math.min(...words.map((word) => text.toLowerCase().indexOf(word)).filter((each) => each >= 0), text.length);
  if (at === text.length) return text.slice(0, 120);
  const from = at < 40 ? 0 : text.lastIndexOf(" ", at - 40) + 1;
  const to = text.indexOf(" ", from + 120);
  return (from > 0 ? "… " : "") + text.slice(from, to < 0 ? undefined : to) + (to < 0 ? "" : " …");
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

/** The navigation is longer than the window; it opens where the page stands in it. */
function showPlace() {
  const menu = $$("menu");
  const current = menu.querySelector("[aria-current]");
  menu.scrollTop = current.offsetTop + current.offsetHeight < menu.clientHeight ? 0 : current.offsetTop - menu.clientHeight / 2;
}

showPlace();
$$("theme").hidden = false;
paint(document.documentElement.dataset.theme ?? "auto");
addCopyButtons();
beginSearch();
