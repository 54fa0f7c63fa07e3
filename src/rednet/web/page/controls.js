/** The controls of the task that is chosen, and those of strength and detail. */

import * as desk from "./desk.js";
import { button, choice, make, slider, tellValue, tick } from "./elements.js";
import { figure, say } from "./texts.js";
import { change } from "./work.js";

/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./picture.js").Wish} Wish */

const DETAIL_PAUSE_MS = 150; // between the asks for another detail while its slider is moved
const FIRST = { sigma: 15, quality: 50 }; // where the sliders stand while the network judges
const MOST_SIGMA = 75; // of the slider

/** Draws the controls when another picture or task is shown; while they are used, they stay as they are. */
export class Controls {
  /**
   * @param {HTMLElement} own holds the controls of the task
   * @param {HTMLElement} tuning holds strength and detail
   */
  constructor(own, tuning) {
    this.own = own;
    this.tuning = tuning;
    /** @type {unknown[]} */
    this.drawn = [];
    /** @type {Wish|null} the wish that these controls have made, or show */
    this.wish = null;
    this.pause = 0;
  }

  /** @param {Picture} picture */
  draw(picture) {
    const { task, known } = picture.wish;
    const drawn = [picture, task, document.documentElement.lang];
    const same = drawn.every((value, index) => value === this.drawn[index]);
    if (same && this.wish === picture.wish) return;
    this.drawn = drawn;
    this.wish = picture.wish;
    this.own.dataset.task = task;
    this.#fill(picture);
    this.tuning.replaceChildren(...(task === "inpaint" && !known ? [] : this.#tuning(picture)));
  }

  /** @param {Picture} picture */
  async #fill(picture) {
    const drawn = this.drawn;
    const set = (/** @type {Partial<Wish>} */ wish) => this.#set(picture, wish);
    const made = await this.#make(picture, set);
    if (drawn === this.drawn) this.own.replaceChildren(...made);
  }

  /**
   * @param {Picture} picture
   * @param {Partial<Wish>} wish
   */
  #set(picture, wish) {
    change(picture, wish);
    this.wish = picture.wish;
  }

  /**
   * Return the controls of a picture's task.
   * @param {Picture} picture
   * @param {(wish: Partial<Wish>) => void} set
   * @returns {Promise<Node[]>}
   */
  async #make(picture, set) {
    const { wish } = picture;
    switch (wish.task) {
      case "auto":
        return [];
      case "denoise":
        return [level("sigma", 0, MOST_SIGMA, wish, set), tick(say("impulse"), wish.impulse, (impulse) => set({ impulse }))];
      case "dejpeg":
        return [level("quality", 1, 100, wish, set)];
      case "upscale":
        return [make("p", {}, say("times")), choice(say("times"), [2, 3, 4].map((scale) => [scale, say("timesValue", { scale })]), wish.scale, (scale) => set({ scale }))];
      case "deblur":
        return (await import("./blur.js")).blurControls(picture, set);
      case "inpaint":
        return (await import("./paint.js")).paintControls(picture, set);
    }
  }

  /** @param {Picture} picture */
  #tuning(picture) {
    const percent = (/** @type {number} */ value) => say("zoomLevel", { percent: figure(100 * value) });
    const tune = (/** @type {Partial<Picture>} */ tuning) => {
      Object.assign(picture, tuning, { saved: false });
      desk.changed();
    };
    const strength = slider({
      label: say("strength"), hint: say("strengthHint"), lowest: 0, highest: 1.5, step: 0.05, value: picture.strength, words: percent,
      onInput: (value) => tune({ strength: value }),
    }); // prettier-ignore
    if (picture.wish.task === "inpaint") return [strength];
    const detail = slider({
      label: say("detail"), hint: say("detailHint"), lowest: 0, highest: 1, step: 0.05, value: picture.detail, words: percent,
      onInput: (value) => {
        clearTimeout(this.pause);
        this.pause = window.setTimeout(() => tune({ detail: value }), DETAIL_PAUSE_MS);
      },
    }); // prettier-ignore
    return [strength, detail];
  }
}

/**
 * Return the slider of a level that the network judges until somebody moves it, and a button that lets it judge again.
 * @param {"sigma"|"quality"} name
 * @param {number} lowest
 * @param {number} highest
 * @param {Wish} wish
 * @param {(wish: Partial<Wish>) => void} set
 */
function level(name, lowest, highest, wish, set) {
  let value = wish[name];
  const noise = name === "sigma";
  const words = (/** @type {number} */ told) => (value === null ? say("automatic") : figure(told));
  const take = (/** @type {number|null} */ told) => {
    value = told;
    automatic.hidden = told === null;
    set({ [name]: told });
  };
  const control = slider({
    label: say(noise ? "noiseLevel" : "jpegQuality"), hint: say(noise ? "noiseHint" : "jpegHint"),
    lowest, highest, step: 1, value: value ?? FIRST[name], words, onInput: take,
  }); // prettier-ignore
  control.addEventListener("input", () => {
    tellValue(control, words(value ?? 0));
  });
  const automatic = button(say("setAutomatic"), () => {
    take(null);
    tellValue(control, say("automatic"));
  }, { className: "quiet", hidden: value === null }); // prettier-ignore
  return make("div", { className: "level" }, control, automatic);
}
