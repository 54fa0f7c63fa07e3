"""The demo that needs no server restores in a real browser what rednet restores."""

from __future__ import annotations

import base64
import functools
import importlib.util
import io
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rednet import Restorer
from rednet.engines.loading import load_engine
from rednet.zoo.shipped import find_model
from tests.web.page.conftest import CHROMIUM, FLAGS, PATIENCE_MS, as_file, chromium, drop, levels_of, saved

pytestmark = pytest.mark.browser

DEMO = Path(__file__).parents[2] / "examples" / "browser"
LARGEST = 15e6  # bytes of the whole demo
TOLERANCE = 1e-4
SOFTWARE_GPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"]

RESTORE = """async ([content, engine, tile, lost]) => {
    const [{ open, hintsOf }, { restore }] = await Promise.all([import("./network.js"), import("./tiles.js")]);
    const shape = await (await fetch("network.json")).json();
    const model = await (await fetch("network.onnx")).arrayBuffer();
    const network = await open(engine, shape, model);
    network.shape = { ...shape, halo: shape.halo - lost };
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))]));
    const pen = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    pen.drawImage(bitmap, 0, 0);
    const whole = Array(3 * bitmap.width * bitmap.height);
    let parts = 0;
    const picture = pen.getImageData(0, 0, bitmap.width, bitmap.height);
    for await (const part of restore(network, picture, hintsOf(shape, "sigma", 0.5), tile)) {
        parts += 1;
        part.x_hat.forEach((value, place) => {
            const channel = Math.floor(place / (part.width * part.height));
            const row = part.top + Math.floor(place / part.width) % part.height;
            whole[(channel * picture.height + row) * picture.width + part.left + place % part.width] = value;
        });
    }
    return { whole, parts };
}"""


class Quiet(SimpleHTTPRequestHandler):
    """A server of plain files, as anybody has one."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the demo, and its address."""
    if not (DEMO / "node_modules").is_dir():
        pytest.skip(f"npm ci --prefix {DEMO}")
    spec = importlib.util.spec_from_file_location("build", DEMO / "build.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    folder = tmp_path_factory.mktemp("site")
    build.build(folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def page(browser, site):
    """The demo in a browser of its own; a fault in a script, or a break of the policy, fails the test."""
    faults = []
    context = browser.new_context(accept_downloads=True)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.addresses = []
    page.on("request", lambda request: page.addresses.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if "Policy" in message.text else None)
    page.goto(site[1])
    wait(page, "Ready")
    yield page
    context.close()
    assert not faults


@pytest.fixture
def noisy(photo, rng):
    return np.clip(photo * 255 + rng.normal(0, 25, photo.shape), 0, 255).round().astype(np.uint8)[:95, :79]


def wait(page, words):
    page.locator("#status", has_text=words).wait_for()


def restored(page, levels, engine="wasm", tile=512, lost=0):
    """Return x_hat, (H, W, 3), and the number of tiles."""
    content = base64.b64encode(as_file(levels, "y.png")["buffer"]).decode()
    found = page.evaluate(RESTORE, [content, engine, tile, lost])
    return np.reshape(found["whole"], (3, *levels.shape[:2])).transpose(1, 2, 0), found["parts"]


def test_a_dropped_picture_is_restored_and_saved(page, site, noisy):
    assert page.evaluate("crossOriginIsolated")
    assert not drop(page, "body", as_file(noisy, "noisy.png"))
    wait(page, "Done: 79 × 95 px")
    name, content = saved(page)
    assert name == "noisy-restored.png"
    expected = Restorer.from_pretrained("fast").restore(noisy, facts={"sigma": None}).astype(int)
    assert np.abs(levels_of(content)[:, :, :3].astype(int) - expected).max() <= 1  # rounding at a half
    assert np.abs(expected - noisy).mean() > 5
    page.locator("#sigma").fill("40")
    page.locator("#sigma").press("Enter")
    wait(page, "Done")
    page.locator("#save:enabled").wait_for()
    stronger = Restorer.from_pretrained("fast").restore(noisy, facts={"sigma": 40}).astype(int)
    assert np.abs(levels_of(saved(page)[1])[:, :, :3].astype(int) - stronger).max() <= 1
    assert np.abs(stronger - expected).max() > 2
    folder, url = site
    assert all(address.startswith((url, "blob:")) for address in page.addresses)
    assert sum(path.stat().st_size for path in folder.iterdir()) < LARGEST


def test_tiles_equal_the_whole_picture(page, noisy):
    whole, one = restored(page, noisy)
    tiled, many = restored(page, noisy, tile=32)
    assert (one, many) == (1, 9)
    np.testing.assert_allclose(tiled, whole, rtol=0, atol=1e-5)
    narrow, _ = restored(page, noisy, tile=32, lost=4)
    assert np.abs(narrow - whole).max() > 1e-4
    engine = load_engine(find_model("fast"))
    y = noisy.astype(np.float32) / 255
    hints = np.float32([1, 0.5, 0, 0, 0, 0, 0, 0])
    expected = y + engine(np.concatenate([y, np.zeros_like(y[:, :, :1])], axis=2), hints)
    np.testing.assert_allclose(whole, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.slow
def test_webgpu_computes_the_same(site, noisy, browser):
    """On a graphics processor that Chromium imitates, where its build can."""
    browser = browser.browser_type.launch(
        executable_path=CHROMIUM, args=[*set(FLAGS) - {"--disable-gpu"}, *SOFTWARE_GPU]
    )
    page = browser.new_page()
    page.goto(site[1])
    wait(page, "Ready")
    if not page.evaluate("Promise.resolve(navigator.gpu?.requestAdapter()).then(Boolean)"):
        pytest.skip("this Chromium cannot imitate a graphics processor")
    assert "WebAssembly" in page.inner_text("#engine")  # quicker than an imitation
    gpu, _ = restored(page, noisy[:41, :35], "webgpu", tile=32)
    cpu, _ = restored(page, noisy[:41, :35], "wasm")
    browser.close()
    np.testing.assert_allclose(gpu, cpu, rtol=0, atol=1e-3)


def test_transparency_and_orientation_are_kept(page, noisy):
    alpha = np.full((*noisy.shape[:2], 1), 255, np.uint8)
    alpha[:20], alpha[20:40] = 0, 128
    page.locator("#file").set_input_files([as_file(np.concatenate([noisy, alpha], axis=2), "clear.png")])
    wait(page, "Done")
    result = levels_of(saved(page)[1])
    np.testing.assert_array_equal(result[:, :, 3:], alpha)
    assert np.abs(result[45:, :, :3].astype(int) - noisy[45:]).mean() > 5
    lying = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    Image.fromarray(noisy).save(lying, "JPEG", exif=exif)
    page.locator("#file").set_input_files([{"name": "a.b.jpg", "mimeType": "image/jpeg", "buffer": lying.getvalue()}])
    wait(page, "Done: 95 × 79 px")
    name, content = saved(page)
    assert (name, levels_of(content).shape[:2]) == ("a.b-restored.png", (79, 95))


def test_what_the_page_cannot_take_is_told(page):
    page.locator("#file").set_input_files([{"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"}])
    wait(page, "cannot read notes.txt as a picture; give a JPEG, PNG, WebP or AVIF")
    page.locator("#file").set_input_files([as_file(np.zeros((6000, 7000), np.uint8), "large.png")])
    wait(page, "large.png has 42 megapixels; this page can hold 40")
    assert page.locator("#save").is_disabled()


def test_a_server_that_lost_a_file_is_told(browser, site):
    context = browser.new_context(service_workers="block")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.route("**/network.onnx", lambda route: route.fulfill(status=404))
    page.goto(site[1])
    wait(page, "The network could not be loaded: the server has no network.onnx (404); copy all files of the build.")
    context.close()
