// The page: takes a picture, shows it before and after, and saves the result. Nothing leaves the browser.

const MOST_PIXELS = 40e6; // the page holds a picture about five times
const ISOLATING_MS = 3000; // a browser that takes longer has no service workers
const SIGMA = 50; // strength of noise that the network reads as 1

const find = (id) => document.getElementById(id);
const [stage, before, after, divider, status, save] = ["stage", "before", "after", "divider", "status", "save"].map(find);
const [file, choose, damage, sigma] = ["file", "choose", "damage", "sigma"].map(find);

let worker, name, number = 0;

await isolate();
worker = new Worker("worker.js", { type: "module" });
worker.onerror = () => say("This browser cannot run the network; use a current Firefox, Chrome, Edge or Safari.", true);
worker.onmessage = ({ data }) => {
    if (data.number !== undefined && data.number !== number) {
        return; // of a picture that has been replaced
    }
    if (data.error) {
        say(data.error, true);
    } else if (data.engine) {
        find("engine").textContent = data.engine;
        if (!name) {
            say("Ready.");
        }
    } else {
        after.getContext("2d").putImageData(new ImageData(data.data, data.width, data.height), data.left, data.top);
        save.disabled = data.done < 1;
        say(data.done < 1 ? `Restoring: ${Math.floor(100 * data.done)} %` : `Done: ${after.width} × ${after.height} px.`);
    }
};

choose.onclick = () => file.click();
file.onchange = () => file.files.length && take(file.files[0]);
damage.onchange = sigma.onchange = () => name && start();
divider.oninput = () => stage.style.setProperty("--divider", `${divider.value}%`);
save.onclick = saveResult;
for (const step of ["dragenter", "dragover"]) {
    addEventListener(step, (event) => event.preventDefault()); // else the browser would leave the page
}
addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) {
        take(event.dataTransfer.files[0]);
    } else {
        say("That is no file; save the picture first, then drop the file.", true);
    }
});
addEventListener("paste", (event) => event.clipboardData.files.length && take(event.clipboardData.files[0]));

/** Show a picture, and restore it. */
async function take(chosen) {
    let bitmap;
    try {
        bitmap = await createImageBitmap(chosen); // upright, and in sRGB
    } catch {
        return say(`This browser cannot read ${chosen.name} as a picture; give a JPEG, PNG, WebP or AVIF.`, true);
    }
    const { width, height } = bitmap;
    if (width * height > MOST_PIXELS) {
        bitmap.close();
        return say(
            `${chosen.name} has ${Math.round(width * height / 1e6)} megapixels; this page can hold ${MOST_PIXELS / 1e6}. ` +
            "Make it smaller, or use rednet itself, which takes any size.", true,
        );
    }
    for (const canvas of [before, after]) {
        Object.assign(canvas, { width, height });
        canvas.getContext("2d").drawImage(bitmap, 0, 0);
    }
    bitmap.close();
    name = chosen.name;
    stage.hidden = false;
    start();
}

/** Restore the picture that is shown. */
function start() {
    save.disabled = true;
    say("Restoring: 0 %");
    after.getContext("2d").drawImage(before, 0, 0);
    const { data, width, height } = before.getContext("2d").getImageData(0, 0, before.width, before.height);
    sigma.disabled = damage.value !== "sigma";
    const level = sigma.disabled ? 0 : (Number(sigma.value) || 0) / SIGMA;
    number += 1;
    worker.postMessage({ number, picture: { data, width, height }, damage: damage.value, level }, [data.buffer]);
}

/** Save the result as a PNG file. */
function saveResult() {
    after.toBlob((blob) => {
        if (!blob) {
            return say("This browser cannot make a file of so large a picture.", true);
        }
        const link = document.createElement("a");
        link.href = URL.createObjectURL(blob);
        link.download = `${name.replace(/\.[^.]*$/, "")}-restored.png`;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    });
}

function say(text, wrong = false) {
    status.textContent = text;
    status.classList.toggle("wrong", wrong);
}

/** Let `isolate.js` serve the page, so that WebAssembly may use threads; without it, one thread works. */
async function isolate() {
    if (crossOriginIsolated || !navigator.serviceWorker) {
        return;
    }
    const controlled = Boolean(navigator.serviceWorker.controller);
    const ready = navigator.serviceWorker.register("isolate.js").then(() => navigator.serviceWorker.ready);
    const late = new Promise((resume) => setTimeout(resume, ISOLATING_MS));
    const registration = await Promise.race([ready, late]).catch((error) => console.warn("One thread only:", error));
    if (registration && !controlled) {
        location.reload();
        await new Promise(() => {}); // the page begins again
    }
}
