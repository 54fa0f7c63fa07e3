/** A mask of missing pixels as a list of strokes, so that it can be undone, and drawn sharply at any zoom. */

/**
 * A line of the brush or of the eraser, a whole mask as a picture, or the order to begin anew.
 * @typedef {Line|Layer|Clear} Stroke
 * @typedef {{number: number, kind: "line", erase: boolean, radius: number, points: number[]}} Line
 *   points: x, y, x, y, ... in px of the picture
 * @typedef {{number: number, kind: "layer", bitmap: ImageBitmap}} Layer missing pixels are opaque
 * @typedef {{number: number, kind: "clear"}} Clear
 */

/** @typedef {CanvasRenderingContext2D|OffscreenCanvasRenderingContext2D} Context */

let made = 0;

/**
 * @param {boolean} erase
 * @param {number} radius px of the picture
 * @returns {Line}
 */
export function line(erase, radius) {
  return { number: ++made, kind: "line", erase, radius, points: [] };
}

/** @returns {Clear} */
export function clear() {
  return { number: ++made, kind: "clear" };
}

/**
 * Return a picture of a mask, white where pixels are missing, as a stroke.
 * @param {Blob} content
 * @returns {Promise<Layer & {empty: boolean}>}
 */
export async function layer(content) {
  const picture = await createImageBitmap(content);
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  context.drawImage(picture, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  const levels = new Uint32Array(pixels.data.buffer);
  let empty = true;
  for (let i = 0; i < levels.length; i++) {
    const missing = pixels.data[4 * i] > 127 && pixels.data[4 * i + 3] > 127;
    levels[i] = missing ? 0xffffffff : 0;
    if (missing) empty = false;
  }
  context.putImageData(pixels, 0, 0);
  return { number: ++made, kind: "layer", bitmap: canvas.transferToImageBitmap(), empty };
}

/**
 * Whether a mask surely has no missing pixel.
 * @param {Stroke[]} strokes
 */
export function isEmpty(strokes) {
  const last = strokes.findLastIndex((stroke) => stroke.kind === "clear");
  return strokes.slice(last + 1).every((stroke) => stroke.kind === "line" && stroke.erase);
}

/**
 * Return the size of a mask that was laid on as a picture, px.
 * @param {Stroke[]} strokes
 */
export function sizeOf(strokes) {
  const laid = strokes.find((stroke) => stroke.kind === "layer");
  return laid ? laid.bitmap : { width: 0, height: 0 };
}

/**
 * Draw strokes, in the context's fill style.
 * @param {Context} context its transform takes px of the picture
 * @param {Stroke[]} strokes
 * @param {number} width of the picture, px
 * @param {number} height
 */
export function draw(context, strokes, width, height) {
  context.save();
  context.lineCap = context.lineJoin = "round";
  context.strokeStyle = context.fillStyle;
  for (const stroke of strokes) {
    if (stroke.kind === "clear") context.clearRect(0, 0, width, height);
    if (stroke.kind === "line") drawLine(context, stroke);
    if (stroke.kind === "layer") drawLayer(context, stroke, width, height);
  }
  context.restore();
}

/**
 * @param {Context} context
 * @param {Line} stroke
 */
function drawLine(context, { erase, radius, points }) {
  context.globalCompositeOperation = erase ? "destination-out" : "source-over";
  context.lineWidth = 2 * radius;
  context.beginPath();
  context.arc(points[0], points[1], radius, 0, 2 * Math.PI); // a line without a length would not be drawn
  context.fill();
  context.beginPath();
  context.moveTo(points[0], points[1]);
  for (let i = 2; i < points.length; i += 2) context.lineTo(points[i], points[i + 1]);
  context.stroke();
}

/**
 * @param {Context} context
 * @param {Layer} stroke
 * @param {number} width
 * @param {number} height
 */
function drawLayer(context, { bitmap }, width, height) {
  const colour = context.fillStyle;
  context.globalCompositeOperation = "source-over";
  context.imageSmoothingEnabled = false;
  const tinted = new OffscreenCanvas(bitmap.width, bitmap.height);
  const tint = /** @type {OffscreenCanvasRenderingContext2D} */ (tinted.getContext("2d"));
  tint.drawImage(bitmap, 0, 0);
  tint.globalCompositeOperation = "source-in";
  tint.fillStyle = colour;
  tint.fillRect(0, 0, bitmap.width, bitmap.height);
  context.drawImage(tinted, 0, 0, width, height);
}

/**
 * Return a mask as a PNG, white where pixels are missing.
 * @param {Stroke[]} strokes
 * @param {number} width of the picture, px
 * @param {number} height
 */
export function rasterise(strokes, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = "#fff";
  draw(context, strokes, width, height);
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "#000";
  context.fillRect(0, 0, width, height);
  return canvas.convertToBlob({ type: "image/png" });
}
