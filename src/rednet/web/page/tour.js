/** The examples: five damaged pictures at full size, each with the task that repairs it. */

import * as api from "./api.js";
import { add } from "./desk.js";
import { button, make } from "./elements.js";
import { newPicture, wishOf } from "./picture.js";
import { say } from "./texts.js";
import { layer } from "./strokes.js";

/** @typedef {import("./texts.js").Key} Key */

/** @type {Key[]} in the order of the service and of the small pictures in `examples.jpg` */
const TITLES = ["exampleNoise", "exampleJpeg", "exampleSmall", "exampleBlur", "exampleScratched"];

/**
 * List the examples.
 * @param {HTMLElement} list
 * @param {(error: unknown) => void} onError
 */
export function listExamples(list, onError) {
  const entries = TITLES.map((title, place) => {
    const look = make("span", { className: `look look-${place}` });
    const one = button("", () => start(place).catch(onError));
    one.append(look, make("span", {}, say(title)));
    return make("li", {}, one);
  });
  list.replaceChildren(...entries);
}

/**
 * Open an example.
 * @param {number} place
 */
async function start(place) {
  const { name, picture, mask, task, options } = (await api.examples())[place];
  const content = await api.example(picture);
  const wish = wishOf({ ...options, task });
  if (mask) wish.mask = [await layer(await api.example(mask))];
  add([newPicture(name, new File([content], name, { type: content.type }), wish)]);
}
