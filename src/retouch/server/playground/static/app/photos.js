// Photos as they come: files, drops, pastes, the camera, addresses. What the browser can't show, the server shows small.

import { preview } from "./api.js";
import { blobOfDataUri, dataUri } from "./dom.js";

export const MOST = 4;

/** A photo: `blob` or `url` is what the server gets, `shown` is what the page draws, or null. */
export async function photoOfFile(file) {
  const photo = { name: file.name || "photo", blob: file, url: null };
  const size = await sizeOf(file);
  if (size) return { ...photo, ...size, shown: file };
  return { ...photo, ...(await shownByServer(await dataUri(file))) };
}

export async function photoOfUrl(url) {
  const name = decodeURIComponent(new URL(url).pathname.split("/").pop()) || "photo";
  return { name, blob: null, url, ...(await shownByServer(url)) };
}

async function shownByServer(source) {
  const said = await preview(source);
  return { width: said.width, height: said.height, format: said.format, shown: blobOfDataUri(said.preview) };
}

/** Width and height of a picture that this browser shows, or null. HEIC is one that most can't. */
export async function sizeOf(blob) {
  try {
    const bitmap = await createImageBitmap(blob);
    const size = { width: bitmap.width, height: bitmap.height };
    bitmap.close();
    return size;
  } catch {
    return null;
  }
}

export const sourceOf = (photo) => photo.url ?? dataUri(photo.blob);

export function filesOf(transfer) {
  return [...(transfer?.files ?? [])].filter((file) => file.type.startsWith("image/") || /\.(hei[cf]|avif)$/i.test(file.name) || !file.type);
}

export function urlIn(transfer) {
  const text = (transfer?.getData("text/uri-list") || transfer?.getData("text/plain") || "").trim();
  return /^https?:\/\/\S+$/.test(text) ? text : null;
}
