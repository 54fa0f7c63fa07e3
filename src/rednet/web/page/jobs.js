/** Follows the jobs of pictures: takes what the server says of them, and removes those that nothing shows any more. */

import * as api from "./api.js";
import * as desk from "./desk.js";
import { notice } from "./notice.js";
import { isUnfinished, isUnsaved } from "./picture.js";
import { say } from "./texts.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./picture.js").Picture} Picture */

const AGAIN_MS = 1000; // before a stream that broke is opened again
const GRACE_MS = 4000; // in which the viewer may still ask for the tiles of a job that another one replaces
const STAY_MS = 120_000; // between two requests that keep the pictures on the server

/** @type {{id: string, close: () => void}|null} */
let followed = null;

setInterval(() => void stay().catch(() => undefined), STAY_MS);

/**
 * Take the state of a picture's newest job.
 * @param {Picture} picture
 * @param {Job} job
 */
export function take(picture, job) {
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
 * Note that the server does not have a picture any more. Its file is sent again only if nothing was made of it yet: a
 * server that makes room for the last pictures by removing the first ones would else be asked for all of them for ever.
 * @param {Picture} picture
 */
export function lose(picture) {
  picture.phase = picture.file && !picture.result ? "queued" : "gone";
  Object.assign(picture, { source: null, job: null, result: null, made: null, trying: null, region: null });
}

/**
 * @param {Picture} picture
 * @param {string} sentence
 * @param {number} [status]
 */
export function fail(picture, sentence, status = 422) {
  replacing(picture, () => Object.assign(picture, { result: null, made: null, region: null }));
  picture.phase = "failed";
  picture.error = status === 0 ? "offline" : status === 401 ? "login" : sentence;
}

/**
 * Change which jobs a picture has; those that it has no longer are removed from the server.
 * @param {Picture} picture
 * @param {() => void} change
 */
export function replacing(picture, change) {
  const before = jobsOf(picture);
  change();
  const left = before.difference(jobsOf(picture));
  setTimeout(() => left.forEach((id) => void api.remove(id)), GRACE_MS);
}

/** @param {Picture} picture */
export function jobsOf({ source, job, result }) {
  return new Set([source, job, result].flatMap((one) => (one ? [one.id] : [])));
}

/**
 * Find out what a picture shows and what is wrong with it.
 * @param {Picture} picture
 */
export async function look(picture) {
  if (picture.facts || !picture.source) return;
  picture.facts = await api.inspect(picture.source.id).catch(() => null);
  desk.changed();
}

/** Follow the job that is next to end. */
export function follow() {
  if (followed) return;
  const [next] = unfinished().sort((one, other) => one.before - other.before);
  if (!next) return;
  const close = api.follow(next.id, arrived, async (broken) => {
    followed = null;
    if (broken) await new Promise((go) => setTimeout(go, AGAIN_MS));
    await refresh().catch(() => undefined);
    follow();
  });
  followed = { id: next.id, close };
}

/**
 * Follow a job no longer.
 * @param {string} id
 */
function unfollow(id) {
  if (followed?.id !== id) return;
  followed.close();
  followed = null;
}

/**
 * Stop a picture's newest job. If it was done before the server heard of it, its result counts, unless something else is
 * wished now.
 * @param {Picture} picture
 * @param {Job} job
 */
export async function end(picture, job) {
  picture.job = { ...job, state: "cancelled" };
  unfollow(job.id);
  const ended = await api.stop(job.id);
  if (ended && ended.state !== "cancelled" && picture.phase === "stopped" && picture.job?.id === job.id) {
    picture.phase = "sent";
    take(picture, ended);
  }
  follow();
}

/** Return all jobs that have not ended. */
function unfinished() {
  return desk.all().flatMap(({ phase, job }) => (phase === "sent" && job && isUnfinished(job) ? [job] : []));
}

/** @param {Job} job */
function arrived(job) {
  const picture = desk.all().find((one) => one.job?.id === job.id && one.phase === "sent");
  if (picture) take(picture, job);
}

/** Ask for the states of all jobs that have not ended, since only one is followed. */
async function refresh() {
  const { known, lost } = await ask(unfinished().map((job) => job.id));
  known.forEach(arrived);
  for (const picture of desk.all()) if (picture.job && lost.has(picture.job.id)) lose(picture);
  desk.changed();
}

/** Ask for all pictures, so that the server keeps them while the page is open, and says which it has not. */
export async function stay() {
  const { lost } = await ask(desk.all().flatMap((picture) => [...jobsOf(picture)]));
  const unsaved = desk.all().filter((picture) => picture.result && lost.has(picture.result.id) && isUnsaved(picture));
  for (const picture of desk.all()) {
    const { source, result, region } = picture;
    const hasResult = result && !lost.has(result.id);
    if (source && lost.has(source.id)) {
      if (hasResult && !region) picture.source = result;
      else lose(picture);
    } else if (result && !hasResult) Object.assign(picture, { result: null, made: null, phase: "ready" });
  }
  if (unsaved.length) notice(say("errorLost", { count: unsaved.length }));
  desk.changed();
}

/**
 * Ask for jobs. Meanwhile others may come: only of those that were asked for it is known that the server has lost them.
 * @param {string[]} ids
 */
async function ask(ids) {
  const known = ids.length ? await api.jobs(ids) : [];
  return { known, lost: new Set(ids).difference(new Set(known.map((job) => job.id))) };
}
