/** The pictures that are open, which of them is shown, and who wants to know when something changes. */

import { canSave } from "./picture.js";

/** @typedef {import("./picture.js").Picture} Picture */

const REMEMBERED = "rednet-tuning";

/** The jobs of the address when the page was opened. */
export const remembered = location.hash.slice(1).split(",").filter((id) => /^[\w-]+$/.test(id));

/**
 * How these jobs were tuned in this tab: strength, detail, and whether they were saved.
 * @type {Record<string, [number, number, boolean]>}
 */
export const tunings = JSON.parse(sessionStorage.getItem(REMEMBERED) ?? "{}");

/** @type {Picture[]} */
let pictures = [];
/** @type {Picture|null} */
let shown = null;
/** @type {(() => void)[]} */
const listeners = [];
let announced = false;

/** Return the pictures in the order in which they were opened. */
export function all() {
  return pictures;
}

/** Return the picture that is shown. */
export function current() {
  return shown;
}

/**
 * Call a function after each change. Changes that come together are one.
 * @param {() => void} listener
 */
export function onChange(listener) {
  listeners.push(listener);
}

/** Say that something has changed. */
export function changed() {
  if (announced) return;
  announced = true;
  queueMicrotask(() => {
    announced = false;
    remember();
    for (const listener of listeners) listener();
  });
}

/**
 * Put pictures on the desk, and show the first of them.
 * @param {Picture[]} added
 */
export function add(added) {
  pictures = [...pictures, ...added];
  if (added.length) show(added[0]);
}

/** @param {Picture|null} picture */
export function show(picture) {
  shown = picture;
  changed();
}

/**
 * Take a picture from the desk; if it was shown, show its neighbour.
 * @param {Picture} picture
 */
export function take(picture) {
  const place = pictures.indexOf(picture);
  pictures = pictures.filter((other) => other !== picture);
  if (shown === picture) shown = pictures[Math.min(place, pictures.length - 1)] ?? null;
  changed();
}

/** Keep the jobs in the address, so that a reload and a second tab find them; and how they are tuned in this tab. */
function remember() {
  const ids = pictures.map(lasting).filter((id) => id !== null);
  const hash = ids.length ? `#${ids.join(",")}` : "";
  if (hash !== location.hash) history.replaceState(null, "", location.pathname + hash);
  const tuned = pictures.filter(canSave).map((one) => [lasting(one), [one.strength, one.detail, one.saved]]);
  sessionStorage.setItem(REMEMBERED, JSON.stringify(Object.fromEntries(tuned)));
}

/**
 * Return the job by which a picture can be found again.
 * @param {Picture} picture
 */
function lasting({ phase, job, result, source, trying, region }) {
  if (phase === "sent" && job && !trying) return job.id;
  return (region ? source : (result ?? source))?.id ?? null;
}
