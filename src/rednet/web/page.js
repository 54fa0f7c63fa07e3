// What Gradio's components cannot do by themselves: pictures from the clipboard, and dividers moved by keyboard.

function rednetSave(link) {
  const anchor = document.createElement("a");
  anchor.href = link;
  anchor.download = "";
  anchor.click();
}

document.addEventListener("paste", (event) => {
  const picture = [...(event.clipboardData?.files ?? [])].find((file) => file.type.startsWith("image/"));
  const input = document.querySelector("#file input[type=file]");
  if (!picture || !input) return;
  const files = new DataTransfer();
  files.items.add(picture);
  input.files = files.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
});

// The divider listens to the mouse only, so an arrow key becomes a short drag of it.
const STEP = 0.05; // of the picture's width

function moveDivider(divider, step) {
  const frame = divider.parentElement.getBoundingClientRect();
  const grip = divider.firstElementChild.getBoundingClientRect();
  const x = grip.left + grip.width / 2;
  const y = grip.top + grip.height / 2;
  const drag = (type, target, clientX) =>
    target.dispatchEvent(new MouseEvent(type, { bubbles: true, cancelable: true, view: window, clientX, clientY: y }));
  drag("mousedown", divider, x);
  drag("mousemove", window, x + step * frame.width);
  drag("mouseup", window, x + step * frame.width);
}

document.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
  if (!step || event.target.dataset.testid !== "slider") return;
  event.preventDefault();
  moveDivider(event.target, step);
});

new MutationObserver(() => {
  for (const divider of document.querySelectorAll("[data-testid=slider]:not([tabindex])")) {
    divider.tabIndex = 0;
    divider.setAttribute("role", "slider");
    divider.setAttribute("aria-label", "Divider between before and after; move it with the arrow keys");
  }
}).observe(document, { childList: true, subtree: true });
