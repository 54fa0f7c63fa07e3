/** What is on the page once a picture is open: stage, panel and strip. It is loaded with the first picture. */

import { byId } from "./elements.js";
import { drawPanel, makePanel } from "./panel.js";
import { drawStage, makeStage } from "./stage.js";
import { drawStrip } from "./strip.js";

makeStage();
makePanel();

/** Bring everything up to date. */
export function draw() {
  drawStrip(byId("strip")); // before the stage, which gets the room that is left
  drawPanel();
  drawStage();
}
