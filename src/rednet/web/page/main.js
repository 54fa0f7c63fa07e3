/** Starts the page and joins its parts. */

import * as desk from "./desk.js";
import { byId, make } from "./elements.js";
import { listen } from "./intake.js";
import { notice, tell } from "./notice.js";
import { isUnsaved } from "./picture.js";
import { LANGUAGES, preferred, rememberLanguage, say, speak } from "./texts.js";
import { listExamples } from "./tour.js";

const LOCAL = ["localhost", "127.0.0.1", "[::1]"];

/** @type {Promise<typeof import("./bench.js")>|null} */
let bench = null;

async function draw() {
  const unsaved = desk.all().filter(isUnsaved).length;
  document.title = unsaved ? `rednet – ${say("unsaved", { count: unsaved })}` : "rednet";
  if (desk.all().length) bench ??= import("./bench.js");
  const made = await bench; // nothing of it is shown before it works
  document.querySelector("main")?.toggleAttribute("data-empty", desk.all().length === 0);
  made?.draw();
}

/** @param {string} code of a language */
async function inLanguage(code) {
  await speak(code);
  byId("promise").textContent = say(LOCAL.includes(location.hostname) ? "promiseHere" : "promiseServer");
  listExamples(byId("examples"), tell);
  desk.changed();
}

function chooseLanguage() {
  const select = /** @type {HTMLSelectElement} */ (byId("language"));
  select.append(...Object.entries(LANGUAGES).map(([code, name]) => make("option", { value: code, lang: code }, name)));
  select.value = preferred();
  select.addEventListener("change", () => {
    rememberLanguage(select.value);
    inLanguage(select.value);
  });
}

const files = /** @type {HTMLInputElement} */ (byId("files"));
const folder = /** @type {HTMLInputElement} */ (byId("folder"));
for (const id of ["add", "choose"]) byId(id).addEventListener("click", () => files.click());
for (const id of ["add-folder", "choose-folder"]) byId(id).addEventListener("click", () => folder.click());
listen({ veil: byId("drop"), files, folder, onNothing: () => notice(say("errorEmpty")) });
addEventListener("beforeunload", (event) => {
  if (desk.all().some(isUnsaved)) event.preventDefault();
});

chooseLanguage();
desk.onChange(() => void draw());
await inLanguage(preferred());
if (desk.remembered.length) import("./work.js").then(({ reopen }) => reopen()).catch(tell);
