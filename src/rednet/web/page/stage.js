/** The stage: it shows the picture that is chosen, in the look that is chosen, with the tools for looking at it. */

import * as desk from "./desk.js";
import { isTyping, makeDivider, makeHold } from "./divider.js";
import { byId, choice } from "./elements.js";
import { previewOf } from "./preview.js";
import { figure, say } from "./texts.js";
import { Viewer } from "./viewer.js";
import { useRegion } from "./work.js";

/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {"compare"|"removed"|"paint"} Shown */
/** @typedef {import("./texts.js").Key} Key */

/** @type {Viewer|null} */
let viewer = null;
/** @type {Shown} */
let look = "compare";
/** @type {(() => void)[]} */
const overlays = [];
const stage = byId("stage");

/** Make the tools work. */
export function makeStage() {
  makeDivider(stage, byId("divider"));
  makeHold(stage, byId("hold"));
  const keys = { "zoom-in": "+", "zoom-out": "-", fit: "0", full: "1" };
  for (const [id, key] of Object.entries(keys)) byId(id).addEventListener("click", () => zoom(key));
  addEventListener("keydown", (event) => {
    if (!event.defaultPrevented && !isTyping(event) && desk.current()) zoom(event.key === "=" ? "+" : event.key);
  });
  useRegion(() => viewer?.seen() ?? null);
}

/** @param {string} key */
function zoom(key) {
  if (key === "+") viewer?.zoomIn();
  if (key === "-") viewer?.zoomOut();
  if (key === "0") viewer?.fit();
  if (key === "1") viewer?.full();
}

/** Return the viewer; it is made when it is first needed, as it must have a size. */
export function theViewer() {
  viewer ??= new Viewer(byId("before"), byId("after"), {
    move: () => {
      byId("zoom").textContent = say("zoomLevel", { percent: figure(100 * (viewer?.ratio() ?? 1)) });
      drawFrame();
      for (const draw of overlays) draw();
    },
    open: () => (byId("veil").hidden = true),
    lost: () => (byId("veil").hidden = true),
  });
  return viewer;
}

/**
 * Call a function now, and whenever the picture has moved on the screen.
 * @param {() => void} draw
 */
export function addOverlay(draw) {
  overlays.push(draw);
  draw();
}

/** @param {Shown} wanted */
export function setLook(wanted) {
  look = wanted;
  desk.changed();
}

/** Return the look that is chosen, or the one that stands in for it if it cannot be had. @returns {Shown} */
export function currentLook() {
  const picture = desk.current();
  if (look === "paint") return picture?.wish.task === "inpaint" ? "paint" : "compare";
  return look === "removed" && hasRemoved(picture) ? "removed" : "compare";
}

/** Bring the stage up to date. */
export function drawStage() {
  const picture = desk.current();
  const veil = byId("veil");
  veil.textContent = say("opening");
  if (!picture) return viewer?.show(null);
  const shown = currentLook();
  const after = afterOf(picture, shown);
  stage.dataset.look = shown;
  stage.toggleAttribute("data-plain", !after);
  byId("hold").toggleAttribute("disabled", !after);
  drawLooks(picture, shown);
  const preview = previewOf(picture);
  const size = picture.source ?? preview;
  const failed = picture.phase === "failed" || picture.phase === "gone";
  if (!size) {
    veil.hidden = failed;
    return theViewer().show(null);
  }
  if (viewer?.view?.key !== picture.key) veil.hidden = failed;
  const { width, height } = size;
  const id = picture.source?.id ?? "";
  drawFrame();
  theViewer().show({ key: picture.key, id, preview: preview?.url ?? "", width, height, after });
}

/** Frame the part that is tried. */
function drawFrame() {
  const picture = desk.current();
  const part = picture?.trying ?? picture?.region;
  const frame = byId("frame");
  frame.hidden = !part || !picture?.source || picture.wish.task === "inpaint";
  if (!part || !viewer) return;
  const { x, y, perPixel } = viewer.place();
  frame.style.transform = `translate(${x + part.x * perPixel}px, ${y + part.y * perPixel}px)`;
  frame.style.width = `${part.width * perPixel}px`;
  frame.style.height = `${part.height * perPixel}px`;
}

/**
 * Return what the upper layer shows; nothing if there is no result, or if nothing was changed.
 * @param {Picture} picture
 * @param {Shown} shown
 * @returns {import("./viewer.js").View["after"]}
 */
function afterOf({ result, region, strength, detail }, shown) {
  if (!result?.touched || shown === "paint") return null;
  const wanted = shown === "removed" ? "removed" : "after";
  return { id: result.id, look: wanted, scale: result.scale, region, strength, detail };
}

/** @param {Picture|null} picture */
function hasRemoved(picture) {
  return picture?.result?.touched === true && picture.result.views.includes("removed");
}

let drawn = "";

/**
 * @param {Picture} picture
 * @param {Shown} shown
 */
function drawLooks(picture, shown) {
  /** @type {[Shown, Key][]} */
  const looks = [["compare", "lookCompare"]];
  if (hasRemoved(picture)) looks.push(["removed", "lookRemoved"]);
  if (picture.wish.task === "inpaint") looks.push(["paint", "lookPaint"]);
  const wanted = JSON.stringify([looks, shown, document.documentElement.lang]);
  if (drawn === wanted) return;
  drawn = wanted;
  const focused = byId("looks").contains(document.activeElement);
  const labelled = looks.map(([value, key]) => /** @type {[Shown, string]} */ ([value, say(key)]));
  byId("looks").replaceChildren(choice(say("looks"), labelled, shown, setLook));
  if (focused) /** @type {HTMLElement|null} */ (byId("looks").querySelector(":checked"))?.focus();
}
