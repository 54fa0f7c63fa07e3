/** Paints the mask of missing parts over the picture that is shown: by mouse, pen, finger and keyboard. */

import * as api from "./api.js";
import * as desk from "./desk.js";
import { isTyping } from "./divider.js";
import { button, byId, choice, fileButton, make, slider, tellValue, tick } from "./elements.js";
import { sentence } from "./found.js";
import { isBusy } from "./picture.js";
import { addOverlay, currentLook, setLook, theViewer } from "./stage.js";
import { clear, draw, layer, line } from "./strokes.js";
import { figure, fill, say } from "./texts.js";
import { change } from "./work.js";

/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./picture.js").Wish} Wish */
/** @typedef {import("./strokes.js").Line} Line */

const LEAST_RADIUS = 3; // px of the picture, at first
const MOST_RADIUS = 200; // px of the picture
const SHARE = 80; // of the picture's width, that is the brush's radius at first
const STEP = 10; // px of the screen, a press of an arrow key
const WHEEL = 1.2; // zoom, a notch

const tool = { erase: false, radius: 0 };
/** @type {{picture: Picture, stroke: Line}|null} the stroke that is being painted, and what it belongs to */
let active = null;
/** @type {{x: number, y: number}|null} the brush, px of the picture */
let brush = null;
/** @type {Map<number, {x: number, y: number}>} fingers and others on the canvas, CSS px */
const pointers = new Map();
/** @type {[unknown, unknown, string]|null} */
let painted = null;
let redress = () => {};

const canvas = makeCanvas();
addOverlay(() => paint());
desk.onChange(() => paint());

/**
 * Return the controls of the mask.
 * @param {Picture} picture
 * @param {(wish: Partial<Wish>) => void} set
 */
export async function paintControls(picture, set) {
  await opened(picture);
  tool.radius ||= Math.min(MOST_RADIUS, Math.max(LEAST_RADIUS, Math.round((picture.source?.width ?? 0) / SHARE)));
  const told = make("p", { role: "status" });
  const add = async (/** @type {Promise<Blob>} */ content) => {
    told.textContent = say("looking");
    told.textContent = await addLayer(picture, await content.catch((error) => sentence(error.message)));
    setLook("paint");
  };
  const size = slider({
    label: say("brushSize"), lowest: 1, highest: MOST_RADIUS, step: 1, value: tool.radius,
    words: (value) => say("pixels", { value: figure(2 * value) }),
    onInput: (value) => {
      tool.radius = value;
      paint();
    },
  }); // prettier-ignore
  /** @type {[string, string][]} */
  const tools = [["brush", say("brush")], ["eraser", say("eraser")]];
  const switched = choice(say("lookPaint"), tools, tool.erase ? "eraser" : "brush", (value) => {
    tool.erase = value === "eraser";
    setLook("paint");
  });
  redress = () => {
    /** @type {HTMLInputElement[]} */ ([...switched.querySelectorAll("input")]).forEach((input) => (input.checked = (input.value === "eraser") === tool.erase));
    const input = /** @type {HTMLInputElement} */ (size.querySelector("input"));
    input.value = String(tool.radius);
    tellValue(size, say("pixels", { value: figure(2 * tool.radius) }));
  };
  return [
    make("div", { className: "choices" }, switched, button(say("undo"), () => undo(picture)), button(say("clear"), () => mark(picture, [...picture.wish.mask, clear()]))),
    size,
    make("div", { className: "choices" }, button(say("findScratches"), () => void add(api.scratches(picture.source?.id ?? ""))), fileButton(say("maskFile"), "image/*", (file) => void add(Promise.resolve(file)))),
    tick(say("restoreKnown"), picture.wish.known, (known) => set({ known })),
    told,
  ];
}

/**
 * Wait until the server has a picture, and so its size is known.
 * @param {Picture} picture
 * @returns {Promise<void>}
 */
async function opened(picture) {
  while (!picture.source && isBusy(picture)) await new Promise((go) => setTimeout(go, 100));
}

/**
 * Lay a mask over what was painted.
 * @param {Picture} picture
 * @param {Blob|string} content the mask as a picture, or why there is none
 * @returns {Promise<string>} what there is to tell
 */
async function addLayer(picture, content) {
  if (typeof content === "string") return content;
  const found = await layer(content).catch(() => null);
  const { width, height } = picture.source ?? { width: 0, height: 0 };
  if (!found || found.bitmap.width !== width || found.bitmap.height !== height) {
    const size = found ? found.bitmap : { width: "?", height: "?" };
    return say("maskSize", { width: size.width, height: size.height, wanted: `${width} × ${height}` });
  }
  if (found.empty) return say("noScratches");
  mark(picture, [...picture.wish.mask, found]);
  return "";
}

/**
 * @param {Picture} picture
 * @param {import("./strokes.js").Stroke[]} mask
 */
function mark(picture, mask) {
  change(picture, { mask });
}

/** @param {Picture} picture */
function undo(picture) {
  mark(picture, picture.wish.mask.slice(0, -1));
}

function makeCanvas() {
  const made = make("canvas", { id: "mask", tabIndex: 0, role: "application", "data-label": "canvas" });
  fill(make("div", {}, made));
  byId("stage").append(made);
  made.addEventListener("pointerdown", down);
  made.addEventListener("pointermove", move);
  for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) made.addEventListener(end, up);
  made.addEventListener("pointerleave", () => {
    if (!active) brush = null;
    paint();
  });
  made.addEventListener("wheel", (event) => {
    event.preventDefault();
    theViewer().zoomBy(event.deltaY < 0 ? WHEEL : 1 / WHEEL, { x: event.offsetX, y: event.offsetY });
  }, { passive: false }); // prettier-ignore
  made.addEventListener("keydown", press);
  made.addEventListener("keyup", (event) => {
    if (event.key === " ") end();
  });
  made.addEventListener("blur", end);
  return made;
}

/** @param {{offsetX: number, offsetY: number}} event */
function onPicture({ offsetX, offsetY }) {
  const { x, y, perPixel } = theViewer().place();
  return { x: (offsetX - x) / perPixel, y: (offsetY - y) / perPixel };
}

/** @param {PointerEvent} event */
function down(event) {
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
  if (pointers.size > 1) active = null; // two fingers move the picture
  else if (event.button === 0) begin(onPicture(event));
  paint();
}

/** @param {PointerEvent} event */
function move(event) {
  const before = pointers.get(event.pointerId);
  if (before) pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
  if (pointers.size === 2 && before) return pinch(event, before);
  if (before && !active) return theViewer().panBy(event.offsetX - before.x, event.offsetY - before.y);
  for (const one of active ? event.getCoalescedEvents() : []) continueTo(onPicture(one));
  continueTo(onPicture(event));
  paint();
}

/**
 * Move and zoom the picture by two fingers.
 * @param {PointerEvent} event
 * @param {{x: number, y: number}} before
 */
function pinch(event, before) {
  const [, other] = /** @type {[number, {x: number, y: number}]} */ ([...pointers].find(([id]) => id !== event.pointerId));
  const length = (/** @type {{x: number, y: number}} */ { x, y }) => Math.hypot(x - other.x, y - other.y) || 1;
  const now = { x: event.offsetX, y: event.offsetY };
  theViewer().panBy((now.x - before.x) / 2, (now.y - before.y) / 2);
  theViewer().zoomBy(length(now) / length(before), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
}

/** @param {PointerEvent} event */
function up(event) {
  pointers.delete(event.pointerId);
  end();
}

/** @param {{x: number, y: number}} point */
function begin(point) {
  const picture = desk.current();
  if (!picture?.source) return;
  active = { picture, stroke: line(tool.erase, tool.radius) };
  continueTo(point);
}

/** @param {{x: number, y: number}} point */
function continueTo(point) {
  brush = point;
  active?.stroke.points.push(point.x, point.y);
}

/** Add the stroke to the mask of the picture on which it was begun. */
function end() {
  if (!active) return;
  const { picture, stroke } = active;
  active = null;
  mark(picture, [...picture.wish.mask, stroke]);
}

/** @param {KeyboardEvent} event */
function press(event) {
  const picture = desk.current();
  if (!picture?.source) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
    event.preventDefault();
    undo(picture);
  }
  if (isTyping(event)) return;
  const { perPixel } = theViewer().place();
  const step = Math.max(1, Math.round(((event.shiftKey ? 5 : 1) * STEP) / perPixel));
  const { x, y } = brush ?? { x: picture.source.width / 2, y: picture.source.height / 2 };
  /** @type {Record<string, {x: number, y: number}>} */
  const moves = { ArrowLeft: { x: x - step, y }, ArrowRight: { x: x + step, y }, ArrowUp: { x, y: y - step }, ArrowDown: { x, y: y + step } };
  const moved = moves[event.key];
  if (moved) continueTo({ x: clamp(moved.x, picture.source.width), y: clamp(moved.y, picture.source.height) });
  else if (event.key === " ") active ?? begin({ x, y });
  else if (event.key.toLowerCase() === "e") tool.erase = !tool.erase;
  else if (event.key === "[") tool.radius = Math.max(1, Math.floor(tool.radius / 1.25));
  else if (event.key === "]") tool.radius = Math.min(MOST_RADIUS, Math.ceil(tool.radius * 1.25));
  else return;
  event.preventDefault();
  redress();
  paint();
}

/**
 * @param {number} value
 * @param {number} most
 */
function clamp(value, most) {
  return Math.min(most, Math.max(0, value));
}

/** Draw the mask of the picture that is shown, and the brush. */
function paint() {
  const picture = desk.current();
  const shown = picture?.source && currentLook() === "paint";
  canvas.hidden = !shown;
  if (!shown || !picture.source) return;
  const ratio = devicePixelRatio;
  const [width, height] = [canvas.clientWidth * ratio, canvas.clientHeight * ratio].map(Math.round);
  const { x, y, perPixel } = theViewer().place();
  const now = /** @type {[unknown, unknown, string]} */ ([picture, picture.wish.mask, JSON.stringify([x, y, perPixel, width, height, brush, active?.stroke.points.length, tool])]);
  if (painted?.every((value, index) => value === now[index])) return;
  painted = now;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  context.setTransform(ratio * perPixel, 0, 0, ratio * perPixel, ratio * x, ratio * y);
  context.save();
  context.beginPath();
  context.rect(0, 0, picture.source.width, picture.source.height);
  context.clip();
  context.fillStyle = "rgb(255 45 45)";
  const strokes = active?.picture === picture ? [...picture.wish.mask, active.stroke] : picture.wish.mask;
  draw(context, strokes, picture.source.width, picture.source.height);
  context.restore();
  if (brush) ring(context, brush, 1 / perPixel);
}

/**
 * Draw the outline of the brush.
 * @param {CanvasRenderingContext2D} context
 * @param {{x: number, y: number}} place
 * @param {number} pixel of the screen, in px of the picture
 */
function ring(context, { x, y }, pixel) {
  for (const [colour, wide] of /** @type {[string, number][]} */ ([["#000", 3], ["#fff", 1]])) {
    context.strokeStyle = colour;
    context.lineWidth = wide * pixel;
    context.beginPath();
    context.arc(x, y, tool.radius, 0, 2 * Math.PI);
    context.stroke();
  }
}
