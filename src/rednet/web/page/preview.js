/** Shows a dropped file before the server does, where the browser can read it. */

import { changed } from "./desk.js";

/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {{url: string, width: number, height: number}} Preview size in px, upright */

const READ = ["image/jpeg", "image/png", "image/webp", "image/avif", "image/gif", "image/bmp"];

/** @type {WeakMap<Picture, Preview|null>} */
const previews = new WeakMap();

/**
 * Return the preview of a picture; null if there is none, or none yet.
 * @param {Picture} picture
 */
export function previewOf(picture) {
  const known = previews.get(picture);
  if (known !== undefined) return known;
  previews.set(picture, null);
  if (picture.file && READ.includes(picture.file.type)) void load(picture, picture.file);
  return null;
}

/**
 * @param {Picture} picture
 * @param {File} file
 */
async function load(picture, file) {
  const image = new Image();
  image.src = URL.createObjectURL(file); // lives as long as the page, and holds no copy of the file
  try {
    await image.decode();
  } catch {
    return; // the server says what is wrong with it
  }
  previews.set(picture, { url: image.src, width: image.naturalWidth, height: image.naturalHeight });
  changed();
}
