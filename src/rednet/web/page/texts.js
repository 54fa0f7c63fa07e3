/** The page's texts: one file a language in `texts/`; this module chooses the language and fills texts in. */

import english from "./texts/en.js";

/** @typedef {keyof typeof english} Key */
/** @typedef {Record<Key, string>} Texts */

/** The languages, by their codes, as their speakers call them. */
export const LANGUAGES = { en: "English", de: "Deutsch", ko: "한국어" };

const REMEMBERED = "rednet-language";

/** @type {Texts} */
let texts = english;

/** Return the code of the language that the visitor chose, or that the browser prefers. */
export function preferred() {
  const wanted = [localStorage.getItem(REMEMBERED) ?? "", ...navigator.languages];
  return wanted.map((tag) => tag.split("-", 1)[0]).find((code) => code in LANGUAGES) ?? "en";
}

/**
 * Load the texts of a language, and fill them into the document.
 * @param {string} code one of `LANGUAGES`
 */
export async function speak(code) {
  texts = code === "en" ? english : /** @type {Texts} */ ((await import(`./texts/${code}.js`)).default);
  document.documentElement.lang = code;
  fill(document);
}

/**
 * Remember the visitor's choice of a language.
 * @param {string} code
 */
export function rememberLanguage(code) {
  localStorage.setItem(REMEMBERED, code);
}

/**
 * Return a text in the language of the page.
 * @param {Key} key
 * @param {Record<string, string|number>} [values] for the places in braces
 */
export function say(key, values = {}) {
  return texts[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/**
 * Return a number as people of the language write it.
 * @param {number} value
 * @param {number} [digits] at most so many after the point
 */
export function figure(value, digits = 0) {
  return value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: digits });
}

/**
 * Return a key that is put together of two parts, if there is such a text.
 * @param {string} start
 * @param {string} end
 * @returns {Key|null}
 */
export function keyOf(start, end) {
  const key = start + end.charAt(0).toUpperCase() + end.slice(1).replace(/[ -](\w)/g, (_, letter) => letter.toUpperCase());
  return key in english ? /** @type {Key} */ (key) : null;
}

/**
 * Fill the texts into the elements that name them.
 * @param {ParentNode} root
 */
export function fill(root) {
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-text], [data-label], [data-hint]"))) {
    const { text, label, hint } = /** @type {Partial<Record<string, Key>>} */ (element.dataset);
    if (text) element.textContent = say(text);
    if (label) element.setAttribute("aria-label", say(label));
    if (hint) element.title = say(hint);
  }
}
