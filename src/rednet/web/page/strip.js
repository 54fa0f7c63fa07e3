/** The strip of all open pictures: small copies with their states; one is shown. */

import { thumbnail } from "./api.js";
import * as desk from "./desk.js";
import { button, make } from "./elements.js";
import { sentence, stateOf } from "./found.js";
import { isBusy, isStale } from "./picture.js";
import { say } from "./texts.js";
import { remove } from "./work.js";

/** @typedef {import("./picture.js").Picture} Picture */

const WIDTH = 160; // px of a small copy

/** @type {Map<Picture, ReturnType<typeof makeTile>>} */
const tiles = new Map();

/**
 * Draw the strip anew.
 * @param {HTMLElement} strip
 */
export function drawStrip(strip) {
  const pictures = desk.all();
  for (const [picture, { tile }] of tiles) {
    if (pictures.includes(picture)) continue;
    tile.remove();
    tiles.delete(picture);
  }
  for (const picture of pictures) {
    if (!tiles.has(picture)) {
      const made = makeTile(picture);
      tiles.set(picture, made);
      strip.append(made.tile);
    }
    /** @type {ReturnType<typeof makeTile>} */ (tiles.get(picture)).draw();
  }
}

/** @param {Picture} picture */
function makeTile(picture) {
  const image = make("img", { alt: "", width: 74, height: 52 });
  const state = make("span", { className: "state" });
  const show = button("", () => desk.show(picture), { className: "thumb" });
  show.append(image, state);
  const close = button("×", () => remove(picture), { className: "close" });
  const tile = make("div", { className: "tile" }, show, close);
  image.addEventListener("error", () => image.removeAttribute("src"));
  let drawn = "";

  const draw = () => {
    const words = stateOf(picture);
    state.textContent = words;
    show.setAttribute("aria-label", say("stripOne", { name: picture.name, state: words }));
    show.setAttribute("aria-current", String(desk.current() === picture));
    show.title = picture.error ? sentence(picture.error) : picture.name;
    close.setAttribute("aria-label", say("remove", { name: picture.name }));
    tile.dataset.state = picture.phase === "failed" ? "failed" : isBusy(picture) ? "busy" : isStale(picture) ? "stale" : "still";
    tile.style.setProperty("--share", String(isBusy(picture) ? (picture.job?.share ?? 0) : 0));
    if (picture.source && drawn !== picture.source.id) {
      drawn = picture.source.id;
      image.src = thumbnail(drawn, Math.min(WIDTH, picture.source.width));
    }
  };
  return { tile, draw };
}
