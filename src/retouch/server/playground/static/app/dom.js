// Elements without a framework. Nothing here reads HTML from a string, so nothing that a server said can become markup.

export const $ = (id) => document.getElementById(id);

/** Make an element. `properties` are set as properties, except aria-*, role, for, data-* and list, which are attributes. */
export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (/^(aria-|data-)|^(role|for|lang|list|scope)$/.test(name)) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export const button = (label, onclick, properties = {}) =>
  el("button", { type: "button", onclick, ...properties }, label);

export const fill = (target, ...children) => {
  target.replaceChildren(...children.flat().filter(Boolean));
  return target;
};

/** Tell a screen reader. The text is taken away first, so that the same sentence is read twice. */
export function say(text) {
  const live = $("live");
  live.textContent = "";
  setTimeout(() => { live.textContent = text; }, 50);
}

/** Draw something anew and leave the focus where it was: on the element that has the same id now. */
export function keepFocus(act) {
  const id = document.activeElement?.id;
  act();
  if (id && document.activeElement?.id !== id) $(id)?.focus({ preventScroll: true });
}

export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = el("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

/** An object URL for as long as the blob lives: asking twice gives the same one. */
const urls = new WeakMap();
export function urlOf(blob) {
  if (!urls.has(blob)) urls.set(blob, URL.createObjectURL(blob));
  return urls.get(blob);
}

export const dataUri = (blob) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result);
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(blob);
});

export function blobOfDataUri(uri) {
  const [head, body] = uri.split(",");
  const bytes = Uint8Array.from(atob(body), (char) => char.charCodeAt(0));
  return new Blob([bytes], { type: head.slice(5).split(";")[0] });
}
