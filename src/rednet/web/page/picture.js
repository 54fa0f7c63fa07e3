/** One picture on the page: its file, what is wished, and what came of it. Plain data and questions about it. */

import { isEmpty } from "./strokes.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./strokes.js").Stroke} Stroke */
/** @typedef {"auto"|"denoise"|"dejpeg"|"upscale"|"deblur"|"inpaint"} Task */

export const TASKS = /** @type {Task[]} */ (["auto", "denoise", "dejpeg", "upscale", "deblur", "inpaint"]);

/**
 * How a picture is to be restored: the values of the controls. A null is left to the network.
 * @typedef {object} Wish
 * @property {Task} task
 * @property {boolean} always
 * @property {number|null} sigma
 * @property {boolean} impulse
 * @property {number|null} quality
 * @property {number} scale
 * @property {Blur} blur
 * @property {boolean} known whether the known pixels are restored, too, where parts are missing
 * @property {Stroke[]} mask what is missing, as it was painted
 */

/**
 * @typedef {object} Blur
 * @property {"disk"|"gaussian"|"motion"|"file"} shape
 * @property {number} radius px
 * @property {number} sigma px
 * @property {number} length px
 * @property {number} angle degrees
 * @property {File|null} file
 */

/** @typedef {{x: number, y: number, width: number, height: number}} Region px of the upright picture */

/**
 * A picture, as the server has it or will get it.
 *
 * `source` is the job whose picture is shown as before, and of which further jobs are made; `job` the newest job;
 * `result` the one whose result is shown, perhaps of an earlier wish. A picture in the phase `opening` is sent to the
 * server, but nothing is made of it yet.
 * @typedef {object} Picture
 * @property {string} key
 * @property {string} name
 * @property {File|null} file
 * @property {Wish} wish
 * @property {"queued"|"sending"|"opening"|"ready"|"stopped"|"sent"|"failed"|"gone"} phase
 * @property {string} error why it failed
 * @property {Job|null} source
 * @property {Job|null} job
 * @property {Job|null} result
 * @property {Wish|null} sent the wish of `job`
 * @property {Wish|null} made the wish of `result`
 * @property {Region|null} region the part that `result` is; null for the whole
 * @property {Region|null} trying the part that `job` is
 * @property {import("./api.js").Inspection|null} facts
 * @property {number} strength
 * @property {number} detail
 * @property {boolean} saved
 */

/** @returns {Wish} */
export function firstWish() {
  return {
    task: "auto",
    always: false,
    sigma: null,
    impulse: false,
    quality: null,
    scale: 2,
    blur: { shape: "disk", radius: 3, sigma: 2, length: 15, angle: 0, file: null },
    known: false,
    mask: [],
  };
}

let made = 0;

/**
 * Return a picture that is not sent yet.
 * @param {string} name
 * @param {File|null} file
 * @param {Partial<Wish>} [wish]
 * @returns {Picture}
 */
export function newPicture(name, file, wish = {}) {
  return {
    key: `picture-${++made}`,
    name,
    file,
    wish: { ...firstWish(), ...wish },
    phase: "queued",
    error: "",
    source: null,
    job: null,
    result: null,
    sent: null,
    made: null,
    region: null,
    trying: null,
    facts: null,
    strength: 1,
    detail: 0,
    saved: false,
  };
}

/**
 * Whether the picture's newest job has not ended.
 * @param {Picture} picture
 */
export function isBusy({ phase, job }) {
  return ["queued", "sending", "opening"].includes(phase) || (phase === "sent" && job !== null && isUnfinished(job));
}

/** @param {Job} job */
export function isUnfinished(job) {
  return job.state === "waiting" || job.state === "running";
}

/**
 * Whether the result that is shown is not what the controls ask for.
 * @param {Picture} picture
 */
export function isStale({ result, wish, made }) {
  return result !== null && !sameWish(wish, made);
}

/**
 * Whether two wishes ask for the same.
 * @param {Wish} one
 * @param {Wish|null} other
 */
export function sameWish(one, other) {
  return other !== null && (one === other || signature(one) === signature(other));
}

/** @param {Wish} wish */
function signature(wish) {
  const { file } = wish.blur;
  const mask = wish.task === "inpaint" ? wish.mask.map((stroke) => stroke.number) : [];
  return JSON.stringify([...fields(wish), file && [file.name, file.size, file.lastModified], mask]);
}

/**
 * Whether the result can be saved: it is whole, and it is what the controls ask for.
 * @param {Picture} picture
 */
export function canSave(picture) {
  return picture.result !== null && picture.region === null && picture.phase === "sent" && !isStale(picture);
}

/**
 * Whether closing the page would lose work.
 * @param {Picture} picture
 */
export function isUnsaved(picture) {
  return !picture.saved && (isBusy(picture) || (picture.result?.touched ?? false) || !isEmpty(picture.wish.mask));
}

/**
 * Whether the wish says all that its task needs.
 * @param {Wish} wish
 */
export function isComplete(wish) {
  if (wish.task === "inpaint") return !isEmpty(wish.mask);
  return !(wish.task === "deblur" && wish.blur.shape === "file" && wish.blur.file === null);
}

/**
 * Return a kernel in the words of the service; empty if it comes from a file.
 * @param {Blur} blur
 */
export function kernelWords({ shape, radius, sigma, length, angle }) {
  return { disk: `disk:${radius}`, gaussian: `gaussian:${sigma}`, motion: `motion:${length},${angle}`, file: "" }[shape];
}

/**
 * Return a wish as the fields of a form, without its files.
 * @param {Wish} wish
 * @returns {[string, string][]}
 */
export function fields(wish) {
  /** @type {Record<Task, [string, unknown][]>} */
  const own = {
    auto: [["always", wish.always]],
    denoise: [["sigma", wish.sigma], ["quality", wish.quality], ["impulse", wish.impulse]],
    dejpeg: [["quality", wish.quality]],
    upscale: [["scale", wish.scale]],
    deblur: [["kernel", kernelWords(wish.blur)]],
    inpaint: [["restore_known", wish.known]],
  };
  const told = own[wish.task].filter(([, value]) => value !== null && value !== false && value !== "");
  return [["task", wish.task], ...told.map(([name, value]) => /** @type {[string, string]} */ ([name, String(value)]))];
}

/**
 * Return the wish that a job's options say, as far as they are not files.
 * @param {Record<string, unknown>} options
 * @returns {Wish}
 */
export function wishOf(options) {
  const wish = firstWish();
  const task = TASKS.find((name) => name === options.task);
  if (task) wish.task = task;
  const level = (/** @type {string} */ name) => (options[name] == null ? null : Number(options[name]));
  wish.sigma = level("sigma");
  wish.quality = level("quality");
  wish.scale = level("scale") ?? wish.scale;
  const holds = (/** @type {string} */ name) => String(options[name]) === "true";
  wish.always = holds("always");
  wish.impulse = holds("impulse");
  wish.known = holds("restore_known");
  const [, shape, first, second] = /^(disk|gaussian|motion):([\d.]+)(?:,([\d.]+))?$/.exec(String(options.kernel ?? "")) ?? [];
  if (shape === "disk") wish.blur = { ...wish.blur, shape, radius: Number(first) };
  if (shape === "gaussian") wish.blur = { ...wish.blur, shape, sigma: Number(first) };
  if (shape === "motion") wish.blur = { ...wish.blur, shape, length: Number(first), angle: Number(second) };
  return wish;
}
