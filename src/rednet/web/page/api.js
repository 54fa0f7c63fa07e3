/** Talks to the service: each function is one request of `/v1`. Nothing else of the page knows an address. */

/**
 * What the service tells of a job.
 * @typedef {object} Job
 * @property {string} id
 * @property {"waiting"|"running"|"done"|"failed"|"cancelled"} state
 * @property {number} share finished fraction, 0 to 1
 * @property {number} before number of jobs before it in the queue
 * @property {number} seconds since it began
 * @property {number|null} seconds_left
 * @property {string} found
 * @property {string[]} warnings
 * @property {string|null} error
 * @property {string} name of the picture's file
 * @property {number} bytes
 * @property {number} width of the upright picture, px
 * @property {number} height
 * @property {string} format
 * @property {string} depth
 * @property {number} scale width after / width before
 * @property {Record<string, string>} options as they were sent
 * @property {boolean} touched whether the picture was changed at all
 * @property {Look[]} views that can be shown now
 * @property {number|null} expires_s
 */

/** @typedef {"before"|"after"|"removed"|"mask"} Look */

/**
 * What a first look at a picture finds.
 * @typedef {object} Inspection
 * @property {string} kind the format
 * @property {number} width
 * @property {number} height
 * @property {string} depth
 * @property {number} sigma
 * @property {number|null} quality
 * @property {boolean} clean
 * @property {string} shows
 * @property {string[]} damage
 * @property {boolean} left
 */

/** @typedef {{strength?: number, detail?: number}} Tuning */
/** @typedef {Tuning & {format?: string, save_quality?: string, strip_metadata?: string}} Saving */
/** @typedef {{name: string, task: string, options: Record<string, unknown>, mask: string|null, picture: string}} Example */

const ROOT = new URL("../v1/", import.meta.url);
const MOST_IDS = 40; // in one address

/** A request that the service refused, or that it could not answer. */
export class Refusal extends Error {
  /**
   * @param {number} status of HTTP; 0 if there was no answer
   * @param {string} detail the service's sentence
   * @param {number} [retryAfter] s
   */
  constructor(status, detail, retryAfter = 0) {
    super(detail);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/**
 * Send a request, and return the answer if it is a good one.
 * @param {URL} address
 * @param {RequestInit} [init]
 */
async function ask(address, init) {
  let answer;
  try {
    answer = await fetch(address, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refusal(0, "");
  }
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Refusal(answer.status, problem.detail ?? answer.statusText, Number(answer.headers.get("Retry-After")) || 0);
}

/**
 * Return an address of the service.
 * @param {string} path
 * @param {Record<string, string|number|boolean|undefined>} [query] values that are undefined are left out
 */
function address(path, query = {}) {
  const url = new URL(path, ROOT);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
  return url;
}

/**
 * Make a job.
 * @param {FormData} form
 * @param {AbortSignal} [signal]
 * @returns {Promise<Job>}
 */
export async function restore(form, signal) {
  form.set("wait", "false");
  return (await ask(address("restore"), { method: "POST", body: form, signal })).json();
}

/**
 * Return the states of several jobs; those that the service does not know any more are left out.
 * @param {string[]} ids
 * @returns {Promise<Job[]>}
 */
export async function jobs(ids) {
  const found = [];
  for (let first = 0; first < ids.length; first += MOST_IDS) {
    const url = address("jobs");
    for (const id of ids.slice(first, first + MOST_IDS)) url.searchParams.append("job", id);
    found.push(...(await (await ask(url)).json()));
  }
  return found;
}

/**
 * Follow a job until it ends.
 * @param {string} id
 * @param {(job: Job) => void} onState called with each state
 * @param {(broken: boolean) => void} onEnd called when the stream ends; it may have broken before the job has ended
 * @returns {() => void} stops following
 */
export function follow(id, onState, onEnd) {
  const stream = new EventSource(address(`jobs/${id}/events`));
  const close = () => stream.close();
  stream.addEventListener("state", (event) => {
    const job = /** @type {Job} */ (JSON.parse(event.data));
    onState(job);
    if (job.state === "waiting" || job.state === "running") return;
    close();
    onEnd(false);
  });
  stream.addEventListener("error", () => {
    close();
    onEnd(true);
  });
  return close;
}

/**
 * Return what the first look at a job's picture finds.
 * @param {string} id
 * @returns {Promise<Inspection>}
 */
export async function inspect(id) {
  return (await ask(address(`jobs/${id}/inspect`))).json();
}

/**
 * Return the mask of the scratches in a job's picture, white where pixels are missing.
 * @param {string} id
 */
export async function scratches(id) {
  return (await ask(address(`jobs/${id}/scratches`))).blob();
}

/**
 * Stop a job and remove it with its picture. It is no fault if it is gone already.
 * @param {string} id
 */
export async function remove(id) {
  await ask(address(`jobs/${id}`), { method: "DELETE", keepalive: true }).catch(() => undefined);
}

/**
 * Stop a job, and return how it ended; null if the service does not answer, or does not know the job any more. It keeps
 * the picture, so that further jobs can be made of it.
 * @param {string} id
 * @returns {Promise<Job|null>}
 */
export async function stop(id) {
  const answer = await ask(address(`jobs/${id}/stop`), { method: "POST" }).catch(() => null);
  return answer && answer.json();
}

/**
 * Return a restored picture as a file.
 * @param {string} id
 * @param {Saving} saving
 */
export async function picture(id, saving) {
  const answer = await ask(address(`jobs/${id}/picture`, saving));
  return { name: nameIn(answer.headers.get("Content-Disposition") ?? ""), content: await answer.blob() };
}

/**
 * Return the name of a file that a header names.
 * @param {string} header Content-Disposition
 */
function nameIn(header) {
  const [, coded] = /filename\*=utf-8''([^;]+)/i.exec(header) ?? [];
  const [, plain] = /filename="([^"]*)"/.exec(header) ?? [];
  return coded ? decodeURIComponent(coded) : (plain ?? "picture");
}

/**
 * Return the address of a zip of several jobs' pictures.
 * @param {{job: string, strength: number, detail: number}[]} parts the jobs, and how the picture of each is tuned
 * @param {Saving} saving of all of them
 */
export function archive(parts, saving) {
  const url = address("archive", saving);
  for (const part of parts) for (const [name, value] of Object.entries(part)) url.searchParams.append(name, String(value));
  return url.href;
}

/**
 * Return the pyramid of a look at a job's picture, as the viewer takes it.
 * @param {string} id
 * @param {Look} look
 * @param {Tuning} [tuning]
 * @param {AbortSignal} [signal]
 */
export async function pyramid(id, look, tuning = {}, signal) {
  const info = await (await ask(address(`iiif/${id}-${look}/info.json`), { signal })).json();
  return { ...info, query: address("", tuning).search };
}

/**
 * Return the address of a small copy of a job's picture.
 * @param {string} id
 * @param {number} width px
 */
export function thumbnail(id, width) {
  return address(`iiif/${id}-before/full/${width},/0/default.jpg`).href;
}

/**
 * Return the mask of a job, white where pixels were missing.
 * @param {string} id
 */
export async function mask(id) {
  return (await ask(address(`iiif/${id}-mask/full/max/0/default.png`))).blob();
}

/**
 * Return the picture of a kernel.
 * @param {string} kernel in words
 */
export async function kernelPicture(kernel) {
  return (await ask(address("kernel.png", { kernel }))).blob();
}

/**
 * Return the examples.
 * @returns {Promise<Example[]>}
 */
export async function examples() {
  return (await ask(address("examples"))).json();
}

/**
 * Return a file of an example.
 * @param {string} path as the service names it
 */
export async function example(path) {
  return (await ask(new URL(path.replace(/^\/v1\//, ""), ROOT))).blob();
}

/**
 * Return the endings of the formats that the service writes.
 * @returns {Promise<string[]>}
 */
export async function formats() {
  const described = await (await ask(new URL("../openapi.json", ROOT))).json();
  const fields = described.paths["/v1/restore"].post.parameters;
  const { schema } = fields.find((/** @type {{name: string}} */ field) => field.name === "format");
  return (schema.anyOf?.find((/** @type {{enum?: string[]}} */ one) => one.enum) ?? schema).enum;
}
