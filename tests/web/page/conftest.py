"""What the tests of the page share: a real browser, a server with a small network, and what a visitor does."""

from __future__ import annotations

import base64
import io
import shutil
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.web.conftest import running_server

CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
PATIENCE_MS = 90_000  # the machine may be busy
PACKAGES = Path(__file__).parents[3] / "node_modules"


@contextmanager
def chromium():
    """Start a browser; in one thread there can be one at a time, and while it is there no other event loop."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium; apt-get install chromium")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def server(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with running_server("--model", model, "--threads", 1, tmpdir=folder) as (_, url):
        yield url


@pytest.fixture
def open_page(browser, server):
    """Return a function that opens the page as a visitor of its own; a fault in a script fails the test."""
    contexts, faults = [], []

    def open_page(url=server, *, width=1280, height=800, **settings):
        context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True, **settings)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.addresses = []
        page.on("request", lambda request: page.addresses.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if "Policy" in message.text else None)
        page.goto(url)
        page.locator("#examples button, .tile").first.wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults


@pytest.fixture
def page(open_page):
    return open_page()


@pytest.fixture
def noisy(photo, rng):
    """A photograph with so much noise that `auto` restores it: (96, 80, 3), uint8."""
    return np.clip(photo * 255 + rng.normal(0, 25, photo.shape), 0, 255).round().astype(np.uint8)


@pytest.fixture
def large(noisy):
    """Twelve megapixels of it."""
    return np.tile(noisy, (32, 50, 1))[:3000, :4000]


def as_file(levels, name, kind="PNG", **options):
    """Return a file as the browser is given it."""
    content = io.BytesIO()
    Image.fromarray(levels).save(content, kind, **options)
    return {"name": name, "mimeType": f"image/{kind.lower()}", "buffer": content.getvalue()}


def choose_files(page, *files):
    page.locator("#files").set_input_files(list(files))


MAKE_FILES = """(files) => {
    const transfer = new DataTransfer();
    for (const [content, name, type] of files) {
        transfer.items.add(new File([Uint8Array.from(atob(content), c => c.charCodeAt(0))], name, { type }));
    }
    return transfer;
}"""


def transfer_of(page, *files):
    """Return files as the browser passes them when they are dropped or pasted."""
    told = [[base64.b64encode(file["buffer"]).decode(), file["name"], file["mimeType"]] for file in files]
    return page.evaluate_handle(MAKE_FILES, told)


def drop(page, selector, *files):
    """Drop files on an element; return which events would have made the browser leave the page."""
    transfer = transfer_of(page, *files)
    return page.locator(selector).first.evaluate(
        """(target, dataTransfer) => ["dragenter", "dragover", "drop"].filter((name) =>
            target.dispatchEvent(new DragEvent(name, { bubbles: true, cancelable: true, dataTransfer })))""",
        transfer,
    )


@contextmanager
def holding(page, address):
    """Keep the page's requests to an address from leaving until the end of this context."""
    held, released = [], False

    def hold(route):
        if released:
            route.continue_()
        else:
            held.append(route)

    page.route(address, hold)
    yield held
    released = True
    for route in held:
        route.continue_()


def task(page, name):
    page.locator("#tasks").get_by_role("radio", name=name, exact=True).check()


def wait_saveable(page):
    wait_for(page, page.locator("#save:enabled"), "result to save")


def wait_status(page, words):
    wait_for(page, page.locator("#status").get_by_text(words).first, repr(words))


def wait_for(page, locator, name):
    from playwright.sync_api import TimeoutError as PageTimeoutError

    try:
        locator.wait_for()
    except PageTimeoutError as error:
        raise AssertionError(f"no {name}; the page says: {page.inner_text('#panel')}") from error


def saved(page, button="#save"):
    """Press a button that saves; return the proposed name and the content."""
    with page.expect_download() as waiting:
        page.locator(button).click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def levels_of(content):
    return np.asarray(Image.open(io.BytesIO(content)))


def set_slider(page, name, value):
    """Move a slider as its visitor does: the page hears of it by an event."""
    page.get_by_role("slider", name=name).first.evaluate(
        """(slider, value) => {
            slider.value = value;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
        }""",
        str(value),
    )


def screen_of(page, selector="#stage"):
    """Return the pixels of an element as they are on the screen."""
    return levels_of(page.locator(selector).screenshot())[:, :, :3]


def paint(page, start, end):
    """Paint a line on the mask, from and to a share of the stage's width and height."""
    box = page.locator("#mask").bounding_box()
    places = [(box["x"] + across * box["width"], box["y"] + down * box["height"]) for across, down in (start, end)]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=6)
    page.mouse.up()


def painted(page):
    """Return how many pixels of the mask's canvas are red."""
    return page.locator("#mask").evaluate(
        """(canvas) => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let red = 0;
            for (let i = 0; i < data.length; i += 4) red += data[i] > 200 && data[i + 1] < 100 && data[i + 3] > 200;
            return red;
        }"""
    )
