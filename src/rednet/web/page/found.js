/** Says in words what was found in a picture, how far its restoration is, and what was done. */

import { canSave, isStale } from "./picture.js";
import { figure, keyOf, say } from "./texts.js";

/** @typedef {import("./api.js").Inspection} Inspection */
/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./texts.js").Key} Key */

/**
 * Return format, size and depth.
 * @param {Job} job
 */
export function factsLine({ format, width, height, depth }) {
  const bits = /(\d+)$/.exec(depth)?.[1] ?? "8";
  const words = depth.startsWith("float") ? say("floats") : say("bits", { bits });
  return say("factsLine", { format, width: figure(width), height: figure(height), depth: words });
}

/**
 * Return what a picture shows, and what is wrong with it.
 * @param {Inspection} facts
 */
export function diagnosis(facts) {
  const subject = say(keyOf("subject", facts.shows) ?? "subjectUnknown");
  const damage = facts.damage.map((name) => {
    if (name === "JPEG" && facts.quality !== null) return say("damageJPEGQuality", { quality: facts.quality });
    const key = keyOf("damage", name);
    return key ? say(key, { sigma: figure(facts.sigma, facts.sigma < 1 ? 1 : 0) }) : name;
  });
  return damage.length ? say("foundDamage", { subject, damage: list(damage) }) : say("foundClean", { subject });
}

/** @param {string[]} words */
function list(words) {
  return words.reduce((list, last) => say("listJoin", { list, last }));
}

/**
 * Return a picture's state in one or two words.
 * @param {Picture} picture
 */
export function stateOf(picture) {
  const { phase, job } = picture;
  if (phase !== "sent" || !job) {
    /** @type {Record<Exclude<Picture["phase"], "sent">, Key>} */
    const keys = { queued: "stateQueued", sending: "stateSending", opening: "stateSending", ready: "stateReady", stopped: "stateStopped", failed: "stateFailed", gone: "stateGone" };
    return say(phase === "sent" ? "stateWaiting" : keys[phase]);
  }
  if (job.state === "running") return say("stateRunning", { percent: figure(100 * job.share) });
  if (job.state === "waiting") return say("stateWaiting");
  if (isStale(picture) || picture.region) return say("stateReady");
  return say(job.touched ? "stateDone" : "stateLeft");
}

/**
 * Return what is to be told of a picture's restoration: sentences.
 * @param {Picture} picture
 * @returns {string[]}
 */
export function status(picture) {
  const { phase, job, result, trying, region } = picture;
  const stale = isStale(picture) && !region ? [say("statusStale")] : [];
  if (phase === "failed") return [sentence(picture.error)];
  if (phase === "gone") return [say("statusGone")];
  if (phase === "queued") return [say("statusQueued"), ...stale];
  if (phase === "sending" || phase === "opening") return [say("statusSending"), ...stale];
  if (phase === "stopped") return [say("statusStopped")];
  if (job?.state === "waiting") return [job.before ? say("statusWaiting", { before: job.before }) : say("statusNext"), ...stale];
  if (job?.state === "running") {
    const left = job.seconds_left === null ? [] : [say("statusLeft", { time: time(job.seconds_left) })];
    return [say(trying ? "statusTrying" : "statusRunning", { percent: figure(100 * job.share) }), ...left, ...stale];
  }
  if (picture.wish.task === "inpaint" && (stale.length || !result)) return [say("paintHint"), ...stale];
  if (stale.length || !result) return result ? stale : [say("statusReady")];
  return [region ? say("statusTrial") : done(picture), ...result.warnings.map(sentence)];
}

/**
 * Return a sentence of the service as one of the page.
 * @param {string} told the sentence, or the kind of a failure that the page has a sentence for
 */
export function sentence(told) {
  if (told === "offline") return say("errorOffline");
  if (told === "login") return say("errorLogin");
  return told.charAt(0).toUpperCase() + told.slice(1) + (/[.!?]$/.test(told) ? "" : ".");
}

/**
 * Return what was done.
 * @param {Picture} picture
 */
function done({ result, made, facts }) {
  if (!result || !made) return "";
  if (!result.touched) return say("statusUntouched");
  const { width, height, scale } = result;
  if (made.task === "auto") {
    const repaired = (facts?.damage ?? []).map((name) => keyOf("repaired", name)).filter((key) => key !== null);
    return repaired.length ? say("doneAuto", { damage: list(repaired.map((key) => say(key))) }) : say("doneAutoBlind");
  }
  if (made.task === "denoise") return made.sigma === null ? say("doneDenoise") : say("doneDenoiseSigma", { sigma: figure(made.sigma) });
  if (made.task === "dejpeg") return made.quality === null ? say("doneDejpeg") : say("doneDejpegQuality", { quality: made.quality });
  if (made.task === "upscale") {
    return say("doneUpscale", { scale: made.scale, width: figure(width * scale), height: figure(height * scale) });
  }
  return say(made.task === "deblur" ? "doneDeblur" : made.known ? "doneInpaintKnown" : "doneInpaint");
}

/**
 * Return a time in words.
 * @param {number} seconds
 */
export function time(seconds) {
  if (seconds >= 90) return say("minutes", { value: figure(seconds / 60) });
  return say("seconds", { value: figure(seconds, seconds < 10 ? 1 : 0) });
}

/**
 * Return how long a result took, where it can be told.
 * @param {Picture} picture
 */
export function took(picture) {
  return canSave(picture) && picture.result ? time(picture.result.seconds) : "";
}
