// The steps of this visit: photos, and edits of them. Each edit knows what it was made from, so undo and branches come of themselves.

import { keepFocus } from "./dom.js";
import * as store from "./store.js";

export const session = {
  steps: new Map(),
  current: null, // id of the step on the easel
  before: null, // id of the step that it is compared with; null for the one that it was made from
  extras: [], // further pictures for the next edit
  mask: null, // {blob, strokes} that confines the next edit
};

const listeners = new Set();
export const onChange = (listener) => listeners.add(listener);
export const changed = () => keepFocus(() => { for (const listener of listeners) listener(); });

export const step = (id) => session.steps.get(id) ?? null;
export const now = () => step(session.current);
export const numberOf = (id) => [...session.steps.keys()].indexOf(id) + 1;
export const children = (id) => [...session.steps.values()].filter((each) => each.parent === id);

/** What a step shows: its photo, or the attempt that was chosen. */
export function pictureOf(each) {
  if (!each) return null;
  if (each.photo) return each.photo;
  const image = each.images[each.chosen];
  return { ...image, name: image.file, shown: image.blob };
}

export function beforeOf(each) {
  return step(session.before) ?? step(each.parent) ?? each;
}

export function add(made) {
  const full = { id: freshId(), parent: null, at: Date.now(), ...made };
  session.steps.set(full.id, full);
  keep(full);
  go(full.id);
  return full;
}

export function go(id) {
  if (id !== session.current) session.mask = null;
  session.current = id;
  session.before = null;
  keepMeta();
  changed();
}

export function choose(index) {
  const each = now();
  each.chosen = index;
  keep(each);
  changed();
}

export function undo() {
  const each = now();
  if (!each?.parent) return;
  const parent = step(each.parent);
  parent.next = each.id;
  go(parent.id);
}

export const canRedo = () => Boolean(step(now()?.next));
export const redo = () => canRedo() && go(now().next);

// A full or forbidden database must not stop the work: the page says once that nothing will survive a reload.
let warned = false;
let onTrouble = () => {};
export const setTrouble = (act) => { onTrouble = act; };
const trouble = () => { if (!warned) { warned = true; onTrouble(); } };
const keep = (each) => store.putStep(each).catch(trouble);
const keepMeta = () => store.putMeta("current", session.current).catch(trouble);
export const keepJob = (job) => store.putMeta("job", job).catch(trouble);

export async function restore() {
  try {
    const steps = (await store.allSteps()).sort((a, b) => a.at - b.at);
    for (const each of steps) session.steps.set(each.id, each);
    const current = await store.getMeta("current");
    session.current = session.steps.has(current) ? current : (steps.at(-1)?.id ?? null);
    return (await store.getMeta("job")) ?? null;
  } catch {
    trouble();
    return null;
  }
}

/** randomUUID is kept from pages that came over plain http from another machine; random bytes are not. */
function freshId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
