/** Saves what was restored: one picture, or all of them in a zip; in the original's format or in another one. */

import * as api from "./api.js";
import * as desk from "./desk.js";
import { button, make, slider, tick } from "./elements.js";
import { sentence } from "./found.js";
import { stay } from "./jobs.js";
import { tell } from "./notice.js";
import { canSave } from "./picture.js";
import { figure, say } from "./texts.js";

/** @typedef {import("./picture.js").Picture} Picture */

const LOSSY = ["jpg", "webp", "avif", "heic", "jxl"];
const QUALITY = 95; // of the service, if it gets none

const chosen = { format: "", quality: QUALITY, strip: false };
/** @type {string[]} */
let formats = [];

/**
 * Fill the part of the page that saves.
 * @param {HTMLElement} section
 * @returns {() => void} brings it up to date
 */
export function makeSaving(section) {
  const one = button("", () => void saveOne(one, told), { id: "save", className: "primary" });
  const all = button("", () => void saveAll().catch(tell), { id: "save-all" });
  const told = make("p", { role: "status" });
  const how = make("details", { id: "format" }, make("summary"), make("div"));
  how.addEventListener("toggle", async () => {
    if (!how.open) return;
    if (!formats.length) formats = await api.formats().catch(() => []);
    fillFormat(/** @type {HTMLElement} */ (how.lastElementChild));
  });
  section.replaceChildren(make("div", { className: "choices" }, one, all), how, told);
  /** @type {Picture|null} */
  let known = null;
  return () => {
    const picture = desk.current();
    const ready = desk.all().filter(canSave).length;
    one.textContent = say("save");
    one.disabled = !picture || !canSave(picture);
    all.textContent = say("saveAll", { count: ready });
    all.hidden = desk.all().length < 2;
    all.disabled = ready === 0;
    /** @type {HTMLElement} */ (how.firstElementChild).textContent = say("saveHow");
    if (picture !== known || !picture?.saved) told.textContent = "";
    known = picture;
  };
}

/** @param {HTMLElement} place */
function fillFormat(place) {
  const select = make("select", { "aria-label": say("saveHow") }, make("option", { value: "" }, say("formatOwn")));
  select.append(...formats.map((ending) => make("option", { value: ending }, ending.toUpperCase())));
  select.value = chosen.format;
  const quality = slider({
    label: say("saveQuality"), lowest: 1, highest: 100, step: 1, value: chosen.quality, words: figure,
    onInput: (value) => (chosen.quality = value),
  }); // prettier-ignore
  const strip = tick(say("stripMetadata"), chosen.strip, (on) => (chosen.strip = on));
  const dress = () => (quality.hidden = !LOSSY.includes(chosen.format));
  select.addEventListener("change", () => {
    chosen.format = select.value;
    dress();
  });
  dress();
  place.replaceChildren(select, quality, strip);
}

/**
 * Return how all pictures are saved, as the service takes it.
 * @returns {import("./api.js").Saving}
 */
function saving() {
  return {
    format: chosen.format || undefined,
    save_quality: LOSSY.includes(chosen.format) ? String(chosen.quality) : undefined,
    strip_metadata: chosen.strip ? "true" : undefined,
  };
}

/**
 * @param {HTMLButtonElement} pressed
 * @param {HTMLElement} told
 */
async function saveOne(pressed, told) {
  const picture = desk.current();
  if (!picture?.result || !canSave(picture)) return;
  pressed.disabled = true;
  told.textContent = say("savingNow");
  try {
    const { strength, detail } = picture;
    const tuning = { strength: strength === 1 ? undefined : strength, detail: detail || undefined };
    const { name, content } = await api.picture(picture.result.id, { ...saving(), ...tuning });
    const url = URL.createObjectURL(content);
    download(url, name);
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    picture.saved = true;
    told.textContent = say("savedAs", { name });
  } catch (error) {
    if (!(error instanceof api.Refusal)) throw error;
    told.textContent = sentence(error.status ? error.message : "offline");
    if (error.status === 404) await stay();
  } finally {
    pressed.disabled = !canSave(picture);
    if (picture.saved) desk.changed();
  }
}

/** Save all in a zip; if the server does not have all of them any more, the page says so, and nothing is saved. */
async function saveAll() {
  const ready = desk.all().filter(canSave);
  await stay();
  if (!ready.every(canSave)) return;
  const parts = ready.map(({ result, strength, detail }) => ({ job: result?.id ?? "", strength, detail }));
  download(api.archive(parts, saving()), "");
  for (const picture of ready) picture.saved = true;
  desk.changed();
}

/**
 * @param {string} url
 * @param {string} name
 */
function download(url, name) {
  make("a", { href: url, download: name }).click();
}
