/** The controls of a known blur: its kernel in figures, as a picture, from a file, and as handles over the photo. */

import * as api from "./api.js";
import * as desk from "./desk.js";
import { byId, choice, fileButton, make, slider, tellValue } from "./elements.js";
import { kernelWords } from "./picture.js";
import { addOverlay, theViewer } from "./stage.js";
import { figure, say } from "./texts.js";

/** @typedef {import("./picture.js").Blur} Blur */
/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./picture.js").Wish} Wish */

const GAP = 14; // px of the screen, from the end of a shape to its handle
const RANGES = { radius: [0.5, 30, 0.1], sigma: [0.5, 15, 0.1], length: [2, 100, 0.5], angle: [0, 180, 1] };
const PICTURES = ".png,.tif,.tiff,.npy,image/png";
const SVG = "http://www.w3.org/2000/svg";
const ASIDE = { x: 0.3, y: 0.4 }; // where the shape is at first: not under the divider
const PAUSE_MS = 80; // between the asks for the picture of a kernel

/** @type {((blur: Partial<Blur>) => void)|null} */
let adjust = null;
/** @type {{x: number, y: number}|null} the middle of the shape, as a share of the picture */
let middle = null;
let pause = 0;

const overlay = makeOverlay();
addOverlay(drawHandles);
desk.onChange(drawHandles);

/**
 * Return the controls of a blur.
 * @param {Picture} picture
 * @param {(wish: Partial<Wish>) => void} set
 * @returns {Node[]}
 */
export function blurControls(picture, set) {
  const place = make("div", { className: "blur" });
  const image = make("img", { id: "kernel", alt: say("kernelPicture"), title: say("kernelPicture") });
  adjust = (change) => {
    set({ blur: { ...picture.wish.blur, ...change } });
    void showKernel(image, picture.wish.blur);
    if ("shape" in change) fill();
    else dress();
  };
  let dress = () => {};
  const fill = () => {
    const made = figures(picture.wish.blur);
    dress = made.dress;
    place.replaceChildren(...made.controls);
  };
  fill();
  void showKernel(image, picture.wish.blur);
  /** @type {[Blur["shape"], string][]} */
  const shapes = [["disk", say("shapeDisk")], ["gaussian", say("shapeGaussian")], ["motion", say("shapeMotion")], ["file", say("shapeFile")]];
  const shape = choice(say("blurShape"), shapes, picture.wish.blur.shape, (value) => adjust?.({ shape: value }));
  return [shape, make("div", { className: "kernel" }, place, image)];
}

/**
 * Return the sliders of a shape, or the button for a file.
 * @param {Blur} blur
 */
function figures(blur) {
  const names = /** @type {const} */ ({ disk: ["radius"], gaussian: ["sigma"], motion: ["length", "angle"], file: [] })[blur.shape];
  const sliders = names.map((name) => {
    const [lowest, highest, step] = RANGES[name];
    const words = (/** @type {number} */ value) => say(name === "angle" ? "degrees" : "pixels", { value: figure(value, 1) });
    const onInput = (/** @type {number} */ value) => adjust?.({ [name]: value });
    const label = say(name === "sigma" ? "radius" : name);
    return { name, words, control: slider({ label, lowest, highest, step, value: blur[name], words, onInput }) };
  });
  const dress = () => {
    const now = desk.current()?.wish.blur;
    for (const { name, words, control } of now ? sliders : []) {
      const input = /** @type {HTMLInputElement} */ (control.querySelector("input"));
      if (document.activeElement !== input) input.value = String(now?.[name]);
      tellValue(control, words(now?.[name] ?? 0));
    }
  };
  if (blur.shape !== "file") return { controls: sliders.map(({ control }) => control), dress };
  const name = make("p", {}, blur.file?.name ?? say("kernelHint"));
  const choose = fileButton(say("kernelFile"), PICTURES, (file) => {
    name.textContent = file.name;
    adjust?.({ file });
  });
  return { controls: [choose, name], dress };
}

/**
 * Show what a blur makes of a point.
 * @param {HTMLImageElement} image
 * @param {Blur} blur
 */
async function showKernel(image, blur) {
  clearTimeout(pause);
  await new Promise((go) => (pause = window.setTimeout(go, PAUSE_MS)));
  const content = blur.shape === "file" ? blur.file : await api.kernelPicture(kernelWords(blur)).catch(() => null);
  if (image.src) URL.revokeObjectURL(image.src);
  image.hidden = !content || (blur.shape === "file" && blur.file?.name.endsWith(".npy") === true);
  if (content) image.src = URL.createObjectURL(content);
}

function makeOverlay() {
  const svg = document.createElementNS(SVG, "svg");
  svg.id = "handles";
  for (const kind of ["shadow", "shape"]) {
    const path = document.createElementNS(SVG, "path");
    path.classList.add(kind);
    svg.append(path);
  }
  for (const kind of ["center", "size"]) {
    const handle = document.createElementNS(SVG, "circle");
    handle.setAttribute("r", "8");
    handle.classList.add("handle", kind);
    handle.append(document.createElementNS(SVG, "title"));
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    handle.addEventListener("pointermove", (event) => {
      if (handle.hasPointerCapture(event.pointerId)) drag(kind, event);
    });
    svg.append(handle);
  }
  byId("stage").append(svg);
  return svg;
}

/**
 * Move the shape, or change its size and direction.
 * @param {string} kind of the handle
 * @param {PointerEvent} event
 */
function drag(kind, event) {
  const picture = desk.current();
  if (!picture?.source || !middle) return;
  const box = overlay.getBoundingClientRect();
  const { x, y, perPixel } = theViewer().place();
  const [across, down] = [event.clientX - box.left - x, event.clientY - box.top - y];
  const { width, height } = picture.source;
  if (kind === "center") {
    middle = { x: across / perPixel / width, y: down / perPixel / height };
    drawHandles();
    return;
  }
  const [dx, dy] = [across - middle.x * width * perPixel, down - middle.y * height * perPixel];
  const reach = (Math.hypot(dx, dy) - GAP) / perPixel;
  const { shape } = picture.wish.blur;
  if (shape === "disk") adjust?.({ radius: rounded("radius", reach) });
  if (shape === "gaussian") adjust?.({ sigma: rounded("sigma", reach) });
  if (shape === "motion") {
    const angle = Math.round((Math.atan2(-dy, dx) * 180) / Math.PI + 360) % 180;
    adjust?.({ length: rounded("length", 2 * reach), angle });
  }
}

/**
 * Return a value within its range, at a whole step.
 * @param {"radius"|"sigma"|"length"} name
 * @param {number} value
 */
function rounded(name, value) {
  const [lowest, highest, step] = RANGES[name];
  return Number((Math.round(Math.min(highest, Math.max(lowest, value)) / step) * step).toFixed(1));
}

/** Draw the shape of the blur at its true size over the picture, with a handle beside it. */
function drawHandles() {
  const picture = desk.current();
  const blur = picture?.wish.blur;
  const shown = picture?.source && picture.wish.task === "deblur" && blur && blur.shape !== "file";
  overlay.toggleAttribute("hidden", !shown);
  if (!shown || !picture.source) return;
  middle ??= { ...ASIDE };
  const { x, y, perPixel } = theViewer().place();
  const [left, top] = [x + middle.x * picture.source.width * perPixel, y + middle.y * picture.source.height * perPixel];
  const turn = blur.shape === "motion" ? (-blur.angle * Math.PI) / 180 : -Math.PI / 4;
  const reach = perPixel * (blur.shape === "disk" ? blur.radius : blur.shape === "gaussian" ? blur.sigma : blur.length / 2);
  const [dx, dy] = [reach * Math.cos(turn), reach * Math.sin(turn)];
  const line = `M${left - dx} ${top - dy}L${left + dx} ${top + dy}`;
  const circle = `M${left - reach} ${top}a${reach} ${reach} 0 1 0 ${2 * reach} 0a${reach} ${reach} 0 1 0 ${-2 * reach} 0`;
  for (const path of overlay.querySelectorAll("path")) path.setAttribute("d", blur.shape === "motion" ? line : circle);
  place("center", left, top, say("handleCenter"));
  place("size", left + (reach + GAP) * Math.cos(turn), top + (reach + GAP) * Math.sin(turn), say("handleSize"));
}

/**
 * @param {string} kind
 * @param {number} x
 * @param {number} y
 * @param {string} title
 */
function place(kind, x, y, title) {
  const handle = /** @type {SVGElement} */ (overlay.querySelector(`.${kind}`));
  handle.setAttribute("cx", String(x));
  handle.setAttribute("cy", String(y));
  /** @type {Element} */ (handle.firstElementChild).textContent = title;
}
