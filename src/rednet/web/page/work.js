/** Gets pictures restored: sends them, follows their jobs, and restores again when a wish changes. */

import * as api from "./api.js";
import * as desk from "./desk.js";
import { fields, isBusy, isComplete, isStale, isUnfinished, newPicture, sameWish, wishOf } from "./picture.js";
import { layer, rasterise, sizeOf } from "./strokes.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./picture.js").Region} Region */
/** @typedef {import("./picture.js").Wish} Wish */

const PAUSE_MS = 400; // after the last change of a control, before the picture is restored again
const AGAIN_MS = 1000; // before a stream that broke is opened again
const GRACE_MS = 4000; // in which the viewer may still ask for the tiles of a job that another one replaces
const STAY_MS = 120_000; // between two words to the server that the pictures are still looked at
const MOST_MASK = 4e6; // px, that the service sends at full size
const MOST_SENDING = 2;
const MOST_UNFINISHED = 4; // of new pictures; the queue is for others, too
const SMALL = 4e5; // px; a picture so small is restored whole, not in part, while its blur is being adjusted

setInterval(() => void stay().catch(() => undefined), STAY_MS);

/** @type {Map<Picture, AbortController>} */
const sending = new Map();
/** @type {Map<Picture, ReturnType<typeof setTimeout>>} */
const planned = new Map();
/** @type {{id: string, close: () => void}|null} */
let followed = null;
let pausedUntil = 0;
/** @type {() => Region|null} */
let seen = () => null;

/**
 * Say how to find out which part of the picture is seen.
 * @param {() => Region|null} region
 */
export function useRegion(region) {
  seen = region;
}

/**
 * Open pictures.
 * @param {Picture[]} pictures
 */
export function open(pictures) {
  desk.add(pictures);
  pump();
}

/** Find the pictures of the address again. */
export async function reopen() {
  if (!desk.remembered.length) return;
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
  picture.error = "";
  if (picture.source) picture.phase = "ready";
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
  else {
    picture.phase = "queued";
    pump();
  }
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
  pump();
}

/**
 * Take a picture from the desk and from the server.
 * @param {Picture} picture
 */
export function remove(picture) {
  unplan(picture);
  halt(picture);
  for (const id of jobsOf(picture)) api.remove(id);
  desk.take(picture);
  pump();
}

/**
 * End the sending and the newest job of a picture; the server keeps the picture.
 * @param {Picture} picture
 */
function halt(picture) {
  sending.get(picture)?.abort();
  sending.delete(picture);
  if (picture.job && isUnfinished(picture.job)) {
    picture.job = { ...picture.job, state: "cancelled" };
    api.stop(picture.job.id).then(follow);
    if (followed?.id === picture.job.id) unfollow();
  }
}

/** Send the next pictures that wait for it, if there is room. */
function pump() {
  const unfinished = desk.all().filter((picture) => picture.phase === "sent" && isBusy(picture)).length;
  const room = Math.min(MOST_SENDING - sending.size, MOST_UNFINISHED - unfinished - sending.size);
  if (room <= 0 || Date.now() < pausedUntil) return;
  const waiting = desk.all().filter((picture) => picture.phase === "queued");
  waiting.sort((one, other) => Number(other === desk.current()) - Number(one === desk.current()));
  for (const picture of waiting.slice(0, room)) send(picture);
}

/** @param {Picture} picture */
async function send(picture) {
  const abort = new AbortController();
  sending.set(picture, abort);
  picture.phase = "sending";
  desk.changed();
  const { wish, trying } = picture;
  try {
    const job = await api.restore(await form(picture), abort.signal);
    if (abort.signal.aborted) api.remove(job.id);
    else accept(picture, job, wish, trying);
  } catch (error) {
    if (!abort.signal.aborted) refuse(picture, error);
  } finally {
    if (sending.get(picture) === abort) sending.delete(picture);
  }
  desk.changed();
  follow();
  pump();
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
  if (error.status === 429) {
    pausedUntil = Date.now() + 1000 * Math.max(error.retryAfter, 1);
    setTimeout(pump, pausedUntil - Date.now() + 1);
    picture.phase = "queued";
  } else if (error.status === 404 && picture.source) lose(picture);
  else fail(picture, error.message, error.status);
}

/**
 * Note that the server does not have a picture any more; send its file again if it is here.
 * @param {Picture} picture
 */
function lose(picture) {
  Object.assign(picture, { source: null, job: null, result: null, made: null, trying: null, region: null });
  picture.phase = picture.file ? "queued" : "gone";
}

/**
 * @param {Picture} picture
 * @param {string} sentence
 * @param {number} [status]
 */
function fail(picture, sentence, status = 422) {
  replacing(picture, () => Object.assign(picture, { result: null, made: null, region: null }));
  picture.phase = "failed";
  picture.error = status === 0 ? "offline" : status === 401 ? "login" : sentence;
}

/**
 * Take the state of a picture's newest job.
 * @param {Picture} picture
 * @param {Job} job
 */
function take(picture, job) {
  picture.job = job;
  if (picture.source?.id === job.id) picture.source = job;
  if (job.state === "done") {
    const { sent, trying } = picture;
    replacing(picture, () => Object.assign(picture, { result: job, made: sent, region: trying, saved: false }));
  } else if (job.state === "failed") fail(picture, job.error ?? "");
  else if (job.state === "cancelled") picture.phase = "stopped";
  desk.changed();
}

/**
 * Change which jobs a picture has; those that it has no longer are removed from the server.
 * @param {Picture} picture
 * @param {() => void} change
 */
function replacing(picture, change) {
  const before = jobsOf(picture);
  change();
  const left = before.difference(jobsOf(picture));
  setTimeout(() => left.forEach((id) => void api.remove(id)), GRACE_MS);
}

/** @param {Picture} picture */
function jobsOf({ source, job, result }) {
  return new Set([source, job, result].flatMap((one) => (one ? [one.id] : [])));
}

/**
 * Find out what a picture shows and what is wrong with it.
 * @param {Picture} picture
 */
async function look(picture) {
  if (picture.facts || !picture.source) return;
  picture.facts = await api.inspect(picture.source.id).catch(() => null);
  desk.changed();
}

/** Follow the job that is next to end. */
function follow() {
  if (followed) return;
  const [next] = unfinished().sort((one, other) => one.before - other.before);
  if (!next) return;
  const close = api.follow(next.id, arrived, async () => {
    followed = null;
    await refresh();
    follow();
    pump();
  });
  followed = { id: next.id, close };
}

function unfollow() {
  followed?.close();
  followed = null;
}

/** Return all jobs that have not ended. */
function unfinished() {
  return desk.all().flatMap(({ phase, job }) => (phase === "sent" && job && isUnfinished(job) ? [job] : []));
}

/** Ask for all pictures, so that the server keeps them while the page is open, and says which it has not. */
async function stay() {
  const pictures = desk.all().filter((picture) => picture.source);
  if (!pictures.length) return;
  const ids = pictures.flatMap((picture) => [...jobsOf(picture)]);
  const known = new Set((await api.jobs(ids)).map((job) => job.id));
  for (const picture of pictures) {
    if (picture.source && !known.has(picture.source.id)) lose(picture);
    else if (picture.result && !known.has(picture.result.id)) Object.assign(picture, { result: null, made: null, phase: "ready" });
  }
  desk.changed();
  pump();
}

/** @param {Job} job */
function arrived(job) {
  const picture = desk.all().find((one) => one.job?.id === job.id && one.phase === "sent");
  if (picture) take(picture, job);
}

/** Ask for the states of all jobs that have not ended, since only one is followed. */
async function refresh() {
  const ids = unfinished().map((job) => job.id);
  if (!ids.length) return;
  try {
    const known = await api.jobs(ids);
    known.forEach(arrived);
    const lost = new Set(ids).difference(new Set(known.map((job) => job.id)));
    for (const picture of desk.all()) if (picture.job && lost.has(picture.job.id)) lose(picture);
    desk.changed();
  } catch {
    await new Promise((go) => setTimeout(go, AGAIN_MS));
  }
}
