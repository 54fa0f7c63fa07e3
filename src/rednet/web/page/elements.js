/** Makes the elements of the page that are not in `index.html`. */

/**
 * Return an element.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name of the tag
 * @param {Record<string, unknown>} [properties] of the element; those with a hyphen, and `role`, are attributes
 * @param {...(Node|string)} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes("-") || key === "role") element.setAttribute(key, String(value));
    else Object.assign(element, { [key]: value });
  }
  element.append(...children);
  return element;
}

/**
 * Return the element of the page with an id.
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {string} id
 * @returns {Kind}
 */
export function byId(id) {
  return /** @type {Kind} */ (document.getElementById(id));
}

let groups = 0;

/**
 * Return a row of radio buttons that look like one switch.
 * @template {string|number} Value
 * @param {string} label of the whole row
 * @param {[Value, string][]} choices values and their labels
 * @param {Value} chosen
 * @param {(value: Value) => void} onChoice
 */
export function choice(label, choices, chosen, onChoice) {
  const name = `choice-${++groups}`;
  const row = make("div", { className: "switch", role: "radiogroup", "aria-label": label });
  for (const [value, text] of choices) {
    const input = make("input", { type: "radio", name, value: String(value), checked: value === chosen });
    input.addEventListener("change", () => onChoice(value));
    row.append(make("label", {}, input, make("span", {}, text)));
  }
  return row;
}

/**
 * Return a slider with its label and its value in words.
 * @param {object} kind
 * @param {string} kind.label
 * @param {string} [kind.hint]
 * @param {number} kind.lowest
 * @param {number} kind.highest
 * @param {number} kind.step
 * @param {number} kind.value
 * @param {(value: number) => string} kind.words
 * @param {(value: number) => void} kind.onInput
 */
export function slider({ label, hint = "", lowest, highest, step, value, words, onInput }) {
  const input = make("input", { type: "range", min: String(lowest), max: String(highest), step: String(step) });
  input.value = String(value);
  const shown = make("span", { className: "value", "aria-hidden": true });
  const control = make("label", { className: "slider", title: hint }, make("span", {}, label), shown, input);
  input.addEventListener("input", () => {
    tellValue(control, words(input.valueAsNumber));
    onInput(input.valueAsNumber);
  });
  tellValue(control, words(value));
  return control;
}

/**
 * Say what a slider's value means.
 * @param {HTMLElement} control made by `slider`
 * @param {string} words
 */
export function tellValue(control, words) {
  /** @type {Element} */ (control.querySelector(".value")).textContent = words;
  control.querySelector("input")?.setAttribute("aria-valuetext", words);
}

/**
 * Return a tick box with its label.
 * @param {string} label
 * @param {boolean} checked
 * @param {(checked: boolean) => void} onChange
 */
export function tick(label, checked, onChange) {
  const input = make("input", { type: "checkbox", checked });
  input.addEventListener("change", () => onChange(input.checked));
  return make("label", { className: "tick" }, input, make("span", {}, label));
}

/**
 * Return a button.
 * @param {string} label
 * @param {() => void} onClick
 * @param {Record<string, unknown>} [properties]
 */
export function button(label, onClick, properties = {}) {
  const made = make("button", { type: "button", ...properties }, label);
  made.addEventListener("click", onClick);
  return made;
}

/**
 * Return a button that lets a file be chosen.
 * @param {string} label
 * @param {string} accept
 * @param {(file: File) => void} onFile
 */
export function fileButton(label, accept, onFile) {
  const input = make("input", { type: "file", accept, hidden: true });
  input.addEventListener("change", () => {
    if (input.files?.[0]) onFile(input.files[0]);
    input.value = "";
  });
  return make("span", {}, button(label, () => input.click()), input);
}
