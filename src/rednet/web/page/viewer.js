/**
 * Shows a picture before and after, as two layers at one place that zoom together.
 *
 * Each layer is a viewer of OpenSeadragon. The lower one, before, takes the gestures; the upper one follows it, so that
 * a divider, the strength and "removed" are only a matter of how the upper layer is clipped, faded or filled.
 */

import { pyramid } from "./api.js";

/** @typedef {import("openseadragon").Viewer} Layer */
/** @typedef {import("openseadragon").TiledImage} TiledImage */
/** @typedef {import("./api.js").Look} Look */
/** @typedef {import("./picture.js").Region} Region */

const SAME = 0.001; // ratios that differ by less count as the same
const COARSE = 3; // ratio from which the pixels of the picture are shown as squares
const MOST_PIXELS = 2e5; // of the part that is tried
const STEP = 1.5; // of one press of + or -
/** @type {import("openseadragon").Options} */
const OPTIONS = {
  drawer: "canvas",
  showNavigationControl: false,
  showNavigator: false,
  animationTime: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 0.4,
  preserveImageSizeOnResize: true,
  visibilityRatio: 0.5,
  minZoomImageRatio: 0.1,
  maxZoomPixelRatio: 32,
  smoothTileEdgesMinZoom: Infinity,
  imageLoaderLimit: 4,
  crossOriginPolicy: false,
  gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
  gestureSettingsTouch: { clickToZoom: false, dblClickToZoom: true },
  gestureSettingsPen: { clickToZoom: false },
};

/**
 * What is shown.
 * @typedef {object} View
 * @property {string} key of the picture; another one is shown whole at first
 * @property {string} id of the job whose picture is before; empty as long as there is none
 * @property {string} preview address of a picture to show until the server gives it; empty if there is none
 * @property {number} width of the picture before, px
 * @property {number} height
 * @property {{id: string, look: Look, scale: number, region: Region|null, strength: number, detail: number}|null} after
 */

/** The two layers. */
export class Viewer {
  /**
   * @param {HTMLElement} below holds the picture before
   * @param {HTMLElement} above holds the picture after
   * @param {object} on
   * @param {() => void} on.move called when the place of the picture on the screen has changed
   * @param {() => void} on.open called when another picture has been opened
   * @param {(id: string) => void} on.lost called if the server does not give a picture
   */
  constructor(below, above, on) {
    forgoStyle();
    this.on = on;
    this.above = above;
    this.before = OpenSeadragon({ ...OPTIONS, element: below });
    this.after = OpenSeadragon({ ...OPTIONS, element: above, mouseNavEnabled: false, tabIndex: -1 });
    this.after.canvas.setAttribute("aria-hidden", "true");
    for (const { drawer } of [this.before, this.after]) {
      // Else each tile is drawn one pixel too large, so that no seams show where tiles do not meet.
      Object.assign(drawer, { minimumOverlapRequired: () => !this.#isExact() });
    }
    /** @type {View|null} */
    this.view = null;
    this.asked = { before: "", after: "" };
    this.isWhole = true; // whether the whole picture is shown, as at first
    this.before.addHandler("viewport-change", () => this.#follow());
    this.before.addHandler("open", () => {
      this.#follow();
      on.open();
    });
    this.before.addHandler("resize", () => {
      const { isWhole } = this; // as it was before
      queueMicrotask(() => {
        if (isWhole) this.before.viewport.goHome(true);
        this.#follow();
      });
    });
    this.after.addHandler("resize", () => queueMicrotask(() => this.#follow()));
  }

  /**
   * Show a picture; what is shown already stays as it is.
   * @param {View|null} view
   */
  show(view) {
    const other = view?.key !== this.view?.key;
    this.view = view;
    if (!view) {
      this.asked = { before: "", after: "" };
      this.before.close();
      this.after.close();
      return;
    }
    this.#openBefore(view, other);
    this.#openAfter(view, other);
    const strength = view.after?.look === "after" ? view.after.strength : 1;
    this.above.style.opacity = String(Math.min(strength, 1));
  }

  /**
   * Show the picture before: first its preview, then the server's picture over it.
   * @param {View} view
   * @param {boolean} other whether another picture was shown
   */
  async #openBefore({ id, preview }, other) {
    const wanted = id || preview;
    if (!other && this.asked.before === wanted) return;
    this.asked.before = wanted;
    if (other) this.before.close();
    const opens = other && preview !== "";
    if (opens) this.before.open(/** @type {any} */ ({ type: "image", url: preview, buildPyramid: false }));
    if (!id) return;
    const source = await this.#source(id, "before");
    if (!source || this.asked.before !== wanted) return;
    if (opens || this.before.world.getItemCount()) layOver(this.before, { tileSource: source, x: 0, y: 0, width: 1 });
    else this.before.open(/** @type {any} */ (source));
  }

  /**
   * Lay a result over what the upper layer shows.
   * @param {View} view
   * @param {boolean} other whether another picture was shown
   */
  async #openAfter(view, other) {
    const { after, width } = view;
    const tuning = after ? { strength: Math.max(after.strength, 1), detail: after.detail } : {};
    const wanted = after ? JSON.stringify([after.id, after.look, after.region, tuning]) : "";
    if (!other && this.asked.after === wanted) return;
    this.asked.after = wanted;
    if (other || !after) this.after.world.removeAll();
    if (!after) return;
    const told = after.look === "after" || after.look === "removed" ? tuning : {};
    const source = await this.#source(after.id, after.look, told);
    if (!source || this.asked.after !== wanted) return;
    const { x, y, width: across } = after.region ?? { x: 0, y: 0, width };
    layOver(this.after, { tileSource: source, x: x / width, y: y / width, width: across / width }, () => this.#follow());
  }

  /**
   * Return a picture as OpenSeadragon takes it.
   * @param {string} id
   * @param {Look} look
   * @param {import("./api.js").Tuning} [tuning]
   */
  async #source(id, look, tuning) {
    try {
      const { query, ...info } = await pyramid(id, look, tuning);
      const configured = OpenSeadragon.IIIFTileSource.prototype.configure(info, info.id, "");
      const source = new OpenSeadragon.IIIFTileSource(/** @type {any} */ (configured));
      const plain = source.getTileUrl.bind(source);
      // At full size, exact pixels count; smaller copies may be lossy.
      source.getTileUrl = (level, x, y) =>
        String(plain(level, x, y)).replace(/\.jpg$/, level === source.maxLevel ? ".png" : ".jpg") + query;
      return source;
    } catch {
      this.on.lost(id);
      return null;
    }
  }

  /** Let the upper layer show the place that the lower one shows. */
  #follow() {
    if (!this.before.isOpen()) return;
    const { viewport } = this.before;
    this.after.viewport.zoomTo(viewport.getZoom(true), undefined, true);
    this.after.viewport.panTo(viewport.getCenter(true), true);
    this.isWhole = Math.abs(viewport.getZoom() / viewport.getHomeZoom() - 1) < SAME;
    const ratio = this.ratio();
    const smooth = ratio < COARSE && !this.#isExact();
    this.before.drawer.setImageSmoothingEnabled(smooth);
    this.after.drawer.setImageSmoothingEnabled(smooth);
    this.on.move();
  }

  /** Return how many pixels of the screen are one pixel of the picture, of the larger one of before and after. */
  ratio() {
    if (!this.view) return 1;
    return (this.#perPixel() * devicePixelRatio) / (this.view.after?.scale ?? 1);
  }

  /** Whether one pixel of the picture is one of the screen. */
  #isExact() {
    return Math.abs(this.ratio() - 1) < SAME;
  }

  /** Return how many CSS pixels are one pixel of the picture before. */
  #perPixel() {
    const { viewport } = this.before;
    return (viewport.getContainerSize().x * viewport.getZoom(true)) / (this.view?.width ?? 1);
  }

  /**
   * Return where the picture is: its pixel (0, 0), in CSS px of the stage, and the size of its pixels.
   */
  place() {
    const corner = this.before.viewport.pixelFromPoint(new OpenSeadragon.Point(0, 0), true);
    return { x: corner.x, y: corner.y, perPixel: this.#perPixel() };
  }

  /** Return the part of the picture that is seen, or the middle of it if it is large. @returns {Region|null} */
  seen() {
    if (!this.view || !this.before.isOpen()) return null;
    const { width, height } = this.view;
    const { x: left, y: top, perPixel } = this.place();
    const size = this.before.viewport.getContainerSize();
    const across = within(-left / perPixel, (size.x - left) / perPixel, width);
    const down = within(-top / perPixel, (size.y - top) / perPixel, height);
    const shrink = Math.min(1, Math.sqrt(MOST_PIXELS / ((across.end - across.start) * (down.end - down.start))));
    const [x, w] = middle(across, shrink);
    const [y, h] = middle(down, shrink);
    return { x, y, width: w, height: h };
  }

  /**
   * @param {number} times
   * @param {{x: number, y: number}} [about] what stays in its place, CSS px of the stage
   */
  zoomBy(times, about) {
    const { viewport } = this.before;
    const point = about && viewport.pointFromPixel(new OpenSeadragon.Point(about.x, about.y), true);
    viewport.zoomBy(times, point).applyConstraints();
  }

  /**
   * @param {number} x CSS px
   * @param {number} y
   */
  panBy(x, y) {
    const { viewport } = this.before;
    viewport.panBy(viewport.deltaPointsFromPixels(new OpenSeadragon.Point(-x, -y), true), true).applyConstraints(true);
  }

  zoomIn() {
    this.zoomBy(STEP);
  }

  zoomOut() {
    this.zoomBy(1 / STEP);
  }

  fit() {
    this.before.viewport.goHome();
  }

  /** Show one pixel of the picture on one pixel of the screen, and let their edges coincide. */
  full() {
    const { viewport } = this.before;
    viewport.zoomBy(1 / this.ratio(), undefined, true).applyConstraints(true);
    const corner = viewport.pixelFromPoint(new OpenSeadragon.Point(0, 0), true).times(devicePixelRatio);
    const off = new OpenSeadragon.Point(corner.x - Math.round(corner.x), corner.y - Math.round(corner.y));
    viewport.panBy(viewport.deltaPointsFromPixels(off.divide(devicePixelRatio), true), true);
  }
}

/**
 * Keep OpenSeadragon from adding a style sheet to the page, which our policy forbids, by an element that looks like it;
 * ours has what is needed.
 */
function forgoStyle() {
  const standIn = document.createElementNS("urn:rednet", "style");
  standIn.setAttribute("data-openseadragon-mobile-css", "");
  document.head.append(standIn);
}

/**
 * Lay a picture over what a layer shows; what was there goes when the new one is drawn.
 * @param {Layer} layer
 * @param {object} picture
 * @param {() => void} [onAdded]
 */
function layOver(layer, picture, onAdded = () => {}) {
  const { world } = layer;
  const added = (/** @type {any} */ event) => {
    const item = /** @type {TiledImage} */ (event.item);
    onAdded();
    item.whenFullyLoaded(() => {
      for (let below = world.getIndexOfItem(item) - 1; below >= 0; below--) world.removeItem(world.getItemAt(below));
    });
  };
  layer.addTiledImage(/** @type {any} */ ({ ...picture, success: added }));
}

/**
 * Return what lies within 0 and the length of a side.
 * @param {number} start
 * @param {number} end
 * @param {number} length
 */
function within(start, end, length) {
  return { start: Math.max(0, Math.floor(start)), end: Math.min(length, Math.ceil(end)) };
}

/**
 * Return start and length of the middle part of a range.
 * @param {{start: number, end: number}} range
 * @param {number} share
 */
function middle({ start, end }, share) {
  const length = Math.max(1, Math.round((end - start) * share));
  return [Math.round((start + end - length) / 2), length];
}
