/** Carries out what is wished for pictures: restores them, again when a wish changes, and stops. */

import * as api from "./api.js";
import * as desk from "./desk.js";
import { end, follow, jobsOf, look, take } from "./jobs.js";
import { isBusy, isComplete, isStale, isUnfinished, newPicture, sameWish, wishOf } from "./picture.js";
import { breakOff, dropSending, send } from "./sending.js";
import { layer } from "./strokes.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./picture.js").Region} Region */
/** @typedef {import("./picture.js").Wish} Wish */

const PAUSE_MS = 400; // after the last change of a control, before the picture is restored again
const MOST_MASK = 4e6; // px, that the service sends at full size
const SMALL = 4e5; // px; a picture so small is restored whole, not in part, while its blur is being adjusted

/** @type {Map<Picture, ReturnType<typeof setTimeout>>} */
const planned = new Map();
/** @type {() => Region|null} */
let seen = () => null;

/**
 * Say how to find out which part of the picture is seen.
 * @param {() => Region|null} region
 */
export function useRegion(region) {
  seen = region;
}

/** Find the pictures of the address again. */
export async function reopen() {
  const known = await api.jobs(desk.remembered);
  const pictures = desk.remembered.flatMap((id) => known.filter((job) => job.id === id)).map(reopened);
  await Promise.all(pictures.map(takeMask));
  desk.add(pictures);
  for (const picture of pictures) look(picture);
  follow();
}

/**
 * Return a picture of a job that an earlier page, or another tab, has made.
 * @param {Job} job
 */
function reopened(job) {
  const picture = newPicture(job.name, null, wishOf(job.options));
  Object.assign(picture, { phase: "sent", source: job, sent: picture.wish });
  const [strength, detail, saved] = desk.tunings[job.id] ?? [1, 0, false];
  Object.assign(picture, { strength, detail });
  take(picture, job);
  picture.saved = saved;
  return picture;
}

/**
 * Get the mask of a picture that was found again.
 * @param {Picture} picture
 */
async function takeMask(picture) {
  const { source, wish } = picture;
  if (!source?.views.includes("mask") || source.width * source.height > MOST_MASK) return;
  const mask = await layer(await api.mask(source.id)).catch(() => null);
  if (!mask || mask.empty) return;
  picture.wish = { ...wish, mask: [mask] };
  picture.sent = picture.wish;
  if (picture.made) picture.made = picture.wish;
}

/**
 * Change what is wished. It is soon carried out; missing parts are filled only when that is asked for.
 * @param {Picture} picture
 * @param {Partial<Wish>} change
 */
export function change(picture, change) {
  picture.wish = { ...picture.wish, ...change };
  unplan(picture);
  const { wish, result, region } = picture;
  if (isBusy(picture) && picture.source && sameWish(wish, picture.sent)) return desk.changed();
  if (result && !region && !isStale(picture)) goBack(picture);
  else if (!isComplete(wish) || wish.task === "inpaint") rest(picture);
  else planned.set(picture, setTimeout(() => restore(picture, partFirst(picture)), PAUSE_MS));
  desk.changed();
}

/** @param {Picture} picture */
function unplan(picture) {
  clearTimeout(planned.get(picture));
  planned.delete(picture);
}

/**
 * End the work on a picture until it is asked for.
 * @param {Picture} picture
 */
function rest(picture) {
  halt(picture);
  if (picture.source) Object.assign(picture, { phase: "ready", error: "" });
  else if (isBusy(picture) || picture.phase === "stopped") picture.phase = "opening";
}

/**
 * Let the result that is shown count again, with its settings.
 * @param {Picture} picture
 */
function goBack(picture) {
  halt(picture);
  const { result, made, region } = picture;
  Object.assign(picture, { phase: "sent", error: "", job: result, wish: made, sent: made, trying: region });
}

/**
 * Return the part on which a blur is tried first; null for the whole picture.
 * @param {Picture} picture
 */
function partFirst({ wish, source }) {
  return wish.task === "deblur" && source && source.width * source.height > SMALL ? seen() : null;
}

/**
 * Restore a picture, or a part of it.
 * @param {Picture} picture
 * @param {Region|null} [region]
 */
export function restore(picture, region = null) {
  unplan(picture);
  halt(picture);
  picture.error = "";
  picture.trying = region;
  if (picture.source) send(picture);
  else picture.phase = "queued";
  desk.changed();
}

/**
 * Stop the work on a picture. A result that was there before counts again, with its settings.
 * @param {Picture} picture
 */
export function stop(picture) {
  unplan(picture);
  if (picture.result) goBack(picture);
  else {
    halt(picture);
    Object.assign(picture, { phase: "stopped", trying: null });
  }
  desk.changed();
}

/**
 * Take a picture from the desk and from the server.
 * @param {Picture} picture
 */
export function remove(picture) {
  unplan(picture);
  halt(picture);
  breakOff(picture);
  for (const id of jobsOf(picture)) api.remove(id);
  desk.take(picture);
}

/**
 * End the newest job of a picture, also one that is being sent; the server keeps the picture.
 * @param {Picture} picture
 */
function halt(picture) {
  dropSending(picture);
  if (picture.job && isUnfinished(picture.job)) {
    void end(picture, picture.job);
  }
}
