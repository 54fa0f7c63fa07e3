// What Gradio's components cannot do by themselves: pictures from the clipboard, and sliders over pictures by keyboard.

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
