/** Tells the visitor, at the bottom of the window, what concerns no single picture. */

import { Refusal } from "./api.js";
import { byId, button, make } from "./elements.js";
import { sentence } from "./found.js";
import { say } from "./texts.js";

/** @param {string} words */
export function notice(words) {
  const place = byId("notice");
  const close = button("×", () => (place.hidden = true), { className: "close", "aria-label": say("dismiss") });
  place.replaceChildren(make("p", {}, words), close);
  place.hidden = false;
}

/**
 * Tell that something went wrong.
 * @param {unknown} error
 */
export function tell(error) {
  if (!(error instanceof Refusal)) throw error;
  notice(sentence(error.status === 0 ? "offline" : error.status === 401 ? "login" : error.message));
}
