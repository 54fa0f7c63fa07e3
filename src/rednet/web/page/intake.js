/** Takes pictures in: dropped anywhere on the window, pasted, or chosen as files or as a folder. */

import { add } from "./desk.js";
import { newPicture } from "./picture.js";

const PICTURE = /\.(jpe?g|png|tiff?|webp|avif|hei[cf]|jxl|jp2|j2k|gif|exr|fits?|hdr|ppm|pgm|pbm|pfm|svs|bmp)$/i;

/**
 * Listen for pictures.
 * @param {object} parts
 * @param {HTMLElement} parts.veil covers the window while something is dragged over it
 * @param {HTMLInputElement} parts.files chooses files
 * @param {HTMLInputElement} parts.folder chooses a folder
 * @param {() => void} parts.onNothing called if there is no picture among what came
 */
export function listen({ veil, files, folder, onNothing }) {
  const take = (/** @type {File[]} */ found) => {
    if (found.length) add(found.map((file) => newPicture(file.name, file)));
    else onNothing();
  };
  addEventListener("dragenter", (event) => {
    if (event.dataTransfer?.types.includes("Files")) veil.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) veil.hidden = true;
  });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", async (event) => {
    event.preventDefault();
    veil.hidden = true;
    if (event.dataTransfer?.types.includes("Files")) take(await dropped(event.dataTransfer));
  });
  addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (pasted.length) take(pasted);
  });
  files.addEventListener("change", () => {
    take([...(files.files ?? [])]);
    files.value = "";
  });
  folder.addEventListener("change", () => {
    take(pictures([...(folder.files ?? [])]));
    folder.value = "";
  });
}

/**
 * Return the files that were dropped, and the pictures in folders that were dropped.
 * @param {DataTransfer} transfer
 */
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  if (!entries.some((entry) => entry?.isDirectory)) return [...transfer.files];
  const found = await Promise.all(entries.map((entry) => (entry ? below(entry) : [])));
  return pictures(found.flat());
}

/**
 * Return all files below an entry of a file system.
 * @param {FileSystemEntry} entry
 * @returns {Promise<File[]>}
 */
async function below(entry) {
  if (entry.isFile) {
    const file = new Promise((take, fail) => /** @type {FileSystemFileEntry} */ (entry).file(take, fail));
    return [/** @type {File} */ (await file)];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const found = [];
  for (;;) {
    const entries = await new Promise((take, fail) => reader.readEntries(take, fail));
    if (!entries.length) return found;
    for (const one of /** @type {FileSystemEntry[]} */ (entries)) found.push(...(await below(one)));
  }
}

/**
 * Return the files of a folder that are pictures by their names, in the order of their names.
 * @param {File[]} files
 */
function pictures(files) {
  const found = files.filter((file) => PICTURE.test(file.name) && !file.name.startsWith("."));
  return found.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
}
