/** The divider between before and after: it is moved by mouse, finger and keyboard, and clips the upper layer. */

const STEP = 2; // percent a press of an arrow key

/**
 * Make the divider work.
 * @param {HTMLElement} stage
 * @param {HTMLElement} divider
 */
export function makeDivider(stage, divider) {
  let share = 50;

  const move = (/** @type {number} */ percent) => {
    share = Math.min(100, Math.max(0, percent));
    stage.style.setProperty("--share", String(share));
    divider.setAttribute("aria-valuenow", share.toFixed(0));
  };
  const toPointer = (/** @type {PointerEvent} */ event) => {
    const { left, width } = stage.getBoundingClientRect();
    move((100 * (event.clientX - left)) / width);
  };
  divider.addEventListener("pointerdown", (event) => {
    divider.setPointerCapture(event.pointerId);
    divider.focus({ preventScroll: true });
    event.preventDefault();
  });
  divider.addEventListener("pointermove", (event) => {
    if (divider.hasPointerCapture(event.pointerId)) toPointer(event);
  });
  divider.addEventListener("dblclick", () => move(50));
  divider.addEventListener("keydown", (event) => {
    const wanted = { ArrowLeft: share - STEP, ArrowDown: share - STEP, ArrowRight: share + STEP, ArrowUp: share + STEP, Home: 0, End: 100 }[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    move(wanted);
  });
  move(share);
}

/**
 * Show the original while a button is held, or the key O.
 * @param {HTMLElement} stage
 * @param {HTMLElement} button
 */
export function makeHold(stage, button) {
  const hold = (/** @type {boolean} */ on) => {
    stage.toggleAttribute("data-original", on);
    button.setAttribute("aria-pressed", String(on));
  };
  hold(false);
  button.addEventListener("pointerdown", (event) => {
    button.setPointerCapture(event.pointerId);
    hold(true);
  });
  for (const end of ["pointerup", "pointercancel", "blur"]) button.addEventListener(end, () => hold(false));
  const isHeld = (/** @type {KeyboardEvent} */ event) =>
    event.key.toLowerCase() === "o" || (event.target === button && (event.key === " " || event.key === "Enter"));
  addEventListener("keydown", (event) => {
    if (!isTyping(event) && isHeld(event)) hold(true);
  });
  addEventListener("keyup", (event) => {
    if (isHeld(event)) hold(false);
  });
}

/**
 * Whether a key is meant for a field, or for the browser.
 * @param {KeyboardEvent} event
 */
export function isTyping({ target, ctrlKey, metaKey, altKey }) {
  const field = target instanceof HTMLInputElement && !["radio", "checkbox", "range", "button"].includes(target.type);
  return ctrlKey || metaKey || altKey || field || target instanceof HTMLSelectElement;
}
