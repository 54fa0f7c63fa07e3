/** Sends pictures to the server: a few at a time, each once; what is made of it later is asked for by its job. */

import * as api from "./api.js";
import * as desk from "./desk.js";
import { end, fail, follow, look, lose, replacing, take } from "./jobs.js";
import { fields, firstWish, isBusy, isComplete } from "./picture.js";
import { rasterise, sizeOf } from "./strokes.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./picture.js").Region} Region */
/** @typedef {import("./picture.js").Wish} Wish */

const MOST_SENDING = 2;
const MOST_UNFINISHED = 4; // of new pictures; the queue is for others, too

/**
 * The request that is under way for a picture. One that only opens the picture makes no result: its job is stopped.
 * @typedef {{abort: AbortController, opens: boolean}} Sending
 * @type {Map<Picture, Sending>}
 */
const sending = new Map();
let pausedUntil = 0;

desk.onChange(pump);
desk.changed(); // pictures may be waiting since before this module was loaded

/**
 * Drop the job that is being sent for a picture. The server gets the picture all the same.
 * @param {Picture} picture
 */
export function dropSending(picture) {
  const request = sending.get(picture);
  if (request && !picture.source) request.opens = true;
  else sending.delete(picture);
}

/**
 * Send a picture no further.
 * @param {Picture} picture
 */
export function breakOff(picture) {
  sending.get(picture)?.abort.abort();
  sending.delete(picture);
}

/** Send the next pictures that wait for it, if there is room. */
function pump() {
  const unfinished = desk.all().filter((picture) => picture.phase === "sent" && isBusy(picture)).length;
  const room = Math.min(MOST_SENDING - sending.size, MOST_UNFINISHED - unfinished - sending.size);
  if (room <= 0 || Date.now() < pausedUntil) return;
  const waiting = desk.all().filter((picture) => ["queued", "opening"].includes(picture.phase) && !sending.has(picture));
  waiting.sort((one, other) => Number(other === desk.current()) - Number(one === desk.current()));
  for (const picture of waiting.slice(0, room)) send(picture);
}

/** @param {Picture} picture */
export async function send(picture) {
  const { trying } = picture;
  const wish = isComplete(picture.wish) ? picture.wish : firstWish();
  picture.phase = picture.phase === "opening" || wish !== picture.wish ? "opening" : "sending";
  const request = { abort: new AbortController(), opens: picture.phase === "opening" };
  const wanted = () => sending.get(picture) === request;
  sending.set(picture, request);
  desk.changed();
  try {
    const job = await api.restore(await form({ ...picture, wish }), request.abort.signal);
    if (!wanted()) void api.remove(job.id);
    else if (request.opens) open(picture, job, wish);
    else accept(picture, job, wish, trying);
  } catch (error) {
    if (wanted()) refuse(picture, error);
  } finally {
    if (wanted()) sending.delete(picture);
  }
  desk.changed();
  follow();
}

/**
 * Return a request to restore a picture as it is wished.
 * @param {Picture} picture
 */
async function form({ file, source, wish, trying }) {
  const form = new FormData();
  for (const [name, value] of fields(wish)) form.set(name, value);
  if (source) form.set("picture_of", source.id);
  else if (file) form.set("picture", file, file.name);
  if (trying) form.set("region", [trying.x, trying.y, trying.width, trying.height].join(","));
  if (wish.task === "deblur" && wish.blur.shape === "file" && wish.blur.file) form.set("kernel_file", wish.blur.file);
  if (wish.task === "inpaint") {
    const { width, height } = source ?? sizeOf(wish.mask);
    form.set("mask", await rasterise(wish.mask, width, height), "mask.png");
  }
  return form;
}

/**
 * Note that the server has a picture, and stop the job that it has made of it.
 * @param {Picture} picture
 * @param {Job} job
 * @param {Wish} wish
 */
function open(picture, job, wish) {
  Object.assign(picture, { source: job, sent: wish });
  if (picture.phase === "opening") picture.phase = "ready";
  void end(picture, job);
  void look(picture);
}

/**
 * Take the job that the server has made.
 * @param {Picture} picture
 * @param {Job} job
 * @param {Wish} wish
 * @param {Region|null} trying
 */
function accept(picture, job, wish, trying) {
  replacing(picture, () => {
    Object.assign(picture, { phase: "sent", job, sent: wish, trying });
    picture.source ??= job;
  });
  take(picture, job);
  look(picture);
}

/**
 * Say why a picture could not be sent, or send it once more.
 * @param {Picture} picture
 * @param {unknown} error
 */
function refuse(picture, error) {
  if (!(error instanceof api.Refusal)) throw error;
  if (error.retryAfter) {
    pausedUntil = Date.now() + 1000 * error.retryAfter;
    setTimeout(pump, pausedUntil - Date.now() + 1);
    if (picture.phase === "sending") picture.phase = "queued";
  } else if (error.status === 404 && picture.source) lose(picture);
  else fail(picture, error.message, error.status);
}
