/** The panel beside the picture: what was found, the tasks, and how far the restoration is. */

import * as desk from "./desk.js";
import { Controls } from "./controls.js";
import { byId, make } from "./elements.js";
import { diagnosis, factsLine, status, took } from "./found.js";
import { TASKS, isBusy, isComplete, isStale } from "./picture.js";
import { makeSaving } from "./save.js";
import { setLook, theViewer } from "./stage.js";
import { fill, keyOf, say } from "./texts.js";
import { change, restore, stop } from "./work.js";

/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./picture.js").Task} Task */

const LARGE = 2e6; // px; of a larger picture, a part can be tried first

/** @type {Controls} */
let controls;
/** @type {() => void} */
let drawSaving;

/** Make the panel work. */
export function makePanel() {
  controls = new Controls(byId("controls"), byId("tuning"));
  drawSaving = makeSaving(byId("saving"));
  for (const task of TASKS) {
    const input = make("input", { type: "radio", name: "task", value: task });
    input.addEventListener("change", () => choose(task));
    const title = make("span", { "data-text": keyOf("task", task) });
    byId("tasks").append(make("label", { className: "task" }, input, title));
  }
  fill(byId("tasks"));
  byId("restore").addEventListener("click", () => whole(desk.current()));
  byId("try").addEventListener("click", () => {
    const picture = desk.current();
    if (picture) restore(picture, theViewer().seen());
  });
  byId("stop").addEventListener("click", () => {
    const picture = desk.current();
    if (picture) stop(picture);
  });
}

/** @param {Task} task */
function choose(task) {
  const picture = desk.current();
  if (!picture) return;
  setLook(task === "inpaint" ? "paint" : "compare");
  change(picture, { task, always: false });
}

/** @param {Picture|null} picture */
function whole(picture) {
  if (!picture) return;
  if (picture.wish.task === "inpaint" && picture.source) setLook("compare");
  if (isUntouched(picture)) picture.wish = { ...picture.wish, always: true };
  restore(picture);
}

/** Bring the panel up to date. */
export function drawPanel() {
  const picture = desk.current();
  if (!picture) return;
  byId("name").textContent = picture.name;
  byId("name").title = picture.name;
  byId("facts").textContent = picture.source ? factsLine(picture.source) : "";
  const looking = picture.source ? say("looking") : "";
  byId("diagnosis").textContent = picture.facts ? diagnosis(picture.facts) : looking;
  for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (document.getElementsByName("task"))) {
    input.checked = input.value === picture.wish.task;
  }
  controls.draw(picture);
  drawOutcome(picture);
  drawSaving();
}

/** @param {Picture} picture */
function drawOutcome(picture) {
  const { phase, job, region, wish, source } = picture;
  const busy = isBusy(picture);
  const sentences = status(picture).map((sentence) => make("p", {}, sentence));
  sentences[0]?.append(make("span", { className: "took" }, took(picture)));
  if (picture.error === "login") sentences.push(make("p", {}, make("a", { href: "login" }, say("login"))));
  byId("status").replaceChildren(...sentences);
  byId("status").className = phase === "failed" || phase === "gone" ? "bad" : isStale(picture) || region ? "stale" : "";

  const progress = /** @type {HTMLProgressElement} */ (byId("progress"));
  progress.hidden = !busy;
  if (job?.state === "running" && phase === "sent") progress.value = job.share;
  else progress.removeAttribute("value");

  const again = ["stopped", "ready", "failed"].includes(phase) || (phase === "gone" && picture.file) || region || isUntouched(picture);
  const restoring = /** @type {HTMLButtonElement} */ (byId("restore"));
  restoring.hidden = busy || !(again || (isStale(picture) && phase === "sent"));
  restoring.disabled = source ? !isComplete(wish) : !picture.file;
  const partial = region !== null;
  restoring.textContent = say(wish.task === "inpaint" && source ? "fillHoles" : isUntouched(picture) ? "always" : partial ? "restoreWhole" : "restore");
  restoring.className = isUntouched(picture) ? "" : "primary";
  const large = source !== null && source.width * source.height > LARGE;
  byId("try").hidden = busy || !source || wish.task === "inpaint" || !(large || wish.task === "deblur") || !isComplete(wish);
  byId("stop").hidden = !busy;
}

/** @param {Picture} picture */
function isUntouched(picture) {
  return picture.phase === "sent" && picture.wish.task === "auto" && picture.result?.touched === false && !isStale(picture);
}
