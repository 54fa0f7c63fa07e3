"""The page in a real browser: the whole trip of a picture, by mouse and by keyboard."""

import io
import shutil
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from rednet.images import from_array, to_array
from rednet.restoring.options import Options
from rednet.restoring.tasks import Denoise
from tests.web.conftest import as_bytes, files_below, running_server

pytestmark = pytest.mark.browser

CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
PATIENCE_MS = 20_000


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium; apt-get install chromium")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with running_server("--model", model, "--threads", 1, tmpdir=folder) as (_, url):
        yield url, folder


@pytest.fixture
def page(browser, server):
    """The page, opened; every address that it asks for is noted."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.addresses = []
    page.on("request", lambda request: page.addresses.append(request.url))
    page.goto(server[0])
    page.get_by_role("button", name="Restore", exact=True).wait_for()
    yield page
    context.close()


@pytest.fixture
def noisy(photo, rng):
    """A picture of 16 bits with a description, and its levels."""
    return np.clip(photo * 65535 + rng.normal(0, 18 * 257, photo.shape), 0, 65535).round().astype(np.uint16)


def as_deep_png(levels, path):
    from rednet.images import write_picture

    write_picture(path, from_array(levels))
    return path


DROP = """([content, name, type]) => {
    const files = new DataTransfer();
    files.items.add(new File([Uint8Array.from(atob(content), c => c.charCodeAt(0))], name, { type }));
    return files;
}"""


def drop(page, content, name, type="image/png"):
    """Drops a file on the page, as from a file manager."""
    import base64

    files = page.evaluate_handle(DROP, [base64.b64encode(content).decode(), name, type])
    target = page.locator("#file button").first
    for event in ("dragenter", "dragover", "drop"):
        target.dispatch_event(event, {"dataTransfer": files})


def wait_for(page, locator):
    """Waits until something is on the page; an error tells what is there instead."""
    from playwright.sync_api import TimeoutError as PageTimeoutError

    try:
        locator.wait_for()
    except PageTimeoutError as error:
        raise AssertionError(f"no {locator}; the page says: {page.inner_text('body')}") from error


def wait_status(page, words):
    wait_for(page, page.locator("#status").get_by_text(words))


def wait_done(page):
    wait_status(page, "Done in")


def wait_done_again(page, press):
    """Does what starts a restoration and waits until that one is done, not the one before."""
    done = page.locator("#status [data-job]").get_attribute("data-job")
    press()
    wait_for(page, page.locator(f"#status [data-job]:not([data-job='{done}'])"))
    wait_done(page)


def after_picture(page):
    """Return the pixels of the restored picture as it is shown."""
    address = page.locator("#compare img").nth(1).get_attribute("src")
    return np.asarray(Image.open(io.BytesIO(page.request.get(address).body())).convert("RGB")).astype(int)


def save(page):
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save the picture").click()
    return waiting.value


def set_slider(page, name, value):
    """Moves one of the page's sliders by its number field."""
    field = page.locator(f"#{name} input[type=number]")
    field.fill(str(value))
    field.press("Enter")


def test_the_whole_trip_drop_restore_compare_tune_save(page, noisy, restorer, tmp_path):
    path = as_deep_png(noisy, tmp_path / "holiday.png")
    drop(page, path.read_bytes(), "my holiday.png")
    wait_done(page)
    assert "on this computer" in page.locator("#title").inner_text()
    assert "noise of about" in page.locator("#found").inner_text()

    divider = page.locator("#compare [data-testid=slider]")
    before = divider.get_attribute("style")
    divider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("([e, b]) => e.getAttribute('style') !== b", arg=[divider.element_handle(), before])

    full = after_picture(page)
    set_slider(page, "strength", 0.5)
    for _ in range(100):
        if np.abs(after_picture(page) - full).max() > 1:
            break
        page.wait_for_timeout(100)
    assert np.abs(after_picture(page) - full).max() > 1

    download = save(page)
    assert download.suggested_filename == "my holiday-restored.png"
    saved = tmp_path / "saved.png"
    download.save_as(saved)
    from rednet.images import read_picture

    y = from_array(noisy)
    wanted = to_array(restorer.run(Denoise(), y, Options(strength=0.5)))
    restored = read_picture(saved)
    assert restored.depth == "uint16"
    np.testing.assert_array_equal(to_array(restored), wanted)
    assert not [address for address in page.addresses if not address.startswith((page.url, "blob:", "data:"))]


def test_a_painted_mask_is_filled_and_all_else_stays(page, levels, tmp_path):
    drop(page, as_bytes(levels), "a.png")
    wait_done(page)
    page.get_by_role("radio", name="Missing parts").check()
    canvas = page.locator("#editor canvas").first
    canvas.wait_for()
    page.wait_for_timeout(2000)  # the picture fades in
    box = canvas.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(middle[0] - 20, middle[1])
    page.mouse.down()
    page.mouse.move(middle[0] + 20, middle[1], steps=10)
    page.mouse.up()
    page.wait_for_timeout(1000)  # the stroke is sent
    wait_done_again(page, page.get_by_role("button", name="Restore", exact=True).click)
    download = save(page)
    download.save_as(tmp_path / "saved.png")
    changed = (np.asarray(Image.open(tmp_path / "saved.png")) != levels).any(axis=2)
    assert 0.005 < changed.mean() < 0.6
    assert changed[17:23, 12:18].mean() > 0.5  # the stroke goes through the middle
    assert not changed[:4].any() and not changed[-4:].any()


def test_a_picture_is_pasted_and_restored_without_a_mouse(page, levels):
    import base64

    files = page.evaluate_handle(DROP, [base64.b64encode(as_bytes(levels)).decode(), "clip.png", "image/png"])
    page.evaluate("f => document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: f }))", files)
    wait_done(page)
    page.get_by_role("radio", name="Noise").focus()
    page.keyboard.press("Space")
    assert page.get_by_role("radio", name="Noise").is_checked()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "restore":
            break
    else:
        pytest.fail("Restore cannot be reached with the Tab key")
    wait_done_again(page, lambda: page.keyboard.press("Enter"))


@pytest.mark.parametrize("name", ["Noise", "JPEG", "Small", "Blur", "Scratched"])
def test_every_example_works(name, page):
    page.get_by_role("button", name=name, exact=True).click()
    wait_done(page)
    assert page.get_by_role("button", name="Save the picture").is_enabled()


def test_another_picture_takes_the_place_of_one_that_is_being_restored(page, photo, levels):
    large = np.tile((photo * 255).astype(np.uint8), (32, 50, 1))[:3000, :4000]
    drop(page, as_bytes(large, "JPEG", quality=60), "large.jpg", "image/jpeg")
    page.locator("#status").get_by_text("s left").wait_for()
    drop(page, as_bytes(levels), "small.png")
    wait_done(page)
    assert "30 x 40 px" in page.locator("#found").inner_text()
    assert page.get_by_role("button", name="Save the picture").is_enabled()
    assert not page.get_by_role("button", name="Stop").is_enabled()


# As over a slow network: Gradio's stream of answers reaches the page late, all else at once.
LATE = """
const fetched = window.fetch;
window.fetch = async (...request) => {
  const answer = await fetched(...request);
  const address = request[0] instanceof Request ? request[0].url : String(request[0]);
  if (!address.includes("/queue/data")) return answer;
  const late = new TransformStream({
    async transform(chunk, stream) { await new Promise((go) => setTimeout(go, 500)); stream.enqueue(chunk); },
  });
  return new Response(answer.body.pipeThrough(late), { status: answer.status, headers: answer.headers });
};
"""


def test_answers_that_come_late_lose_no_restoration(page, levels):
    page.context.add_init_script(LATE)
    page.reload()
    page.get_by_role("button", name="Restore", exact=True).wait_for()
    drop(page, as_bytes(levels), "a.png")
    wait_done(page)
    for task, pause_ms in (("Noise", 50), ("JPEG", 250), ("Automatic", 450)):
        page.wait_for_timeout(1500)  # all streams are closed
        page.get_by_role("radio", name=task).check()
        page.wait_for_timeout(pause_ms)
        wait_done_again(page, page.get_by_role("button", name="Restore", exact=True).click)


def test_what_is_no_picture_is_told_in_words(page):
    drop(page, b"hello", "a.png")
    page.get_by_text("the picture is not a picture that can be read").wait_for()


def test_twelve_megapixels_do_not_freeze_the_page_and_can_be_stopped(page, photo, tmp_path):
    levels = np.tile((photo * 255).astype(np.uint8), (32, 50, 1))[:3000, :4000]
    drop(page, as_bytes(levels, "JPEG", quality=60), "large.jpg", "image/jpeg")
    page.locator("#status").get_by_text("s left").wait_for()
    start = time.perf_counter()
    assert page.evaluate("1 + 1") == 2 and time.perf_counter() - start < 5
    page.get_by_role("button", name="Stop").click()
    wait_status(page, "Stopped.")
    page.get_by_role("button", name="Restore", exact=True).click()
    wait_done(page)
    shown = after_picture(page)
    assert max(shown.shape) <= 1200
    download = save(page)
    download.save_as(tmp_path / "saved.jpg")
    assert Image.open(tmp_path / "saved.jpg").size == (4000, 3000)


def test_a_closed_page_leaves_no_picture(browser, server, levels):
    url, folder = server
    page = browser.new_page()
    page.goto(url)
    page.get_by_role("button", name="Restore", exact=True).wait_for()
    drop(page, as_bytes(levels), "a.png")
    wait_done(page)
    assert list(folder.glob("*/*/desk-*")) and list(folder.glob("*/*/gradio/desk-*/*.webp"))
    assert not list(folder.glob("*/*/gradio/*/a.png"))  # it lies on the desk alone
    page.close()
    for _ in range(300):
        left = [*folder.glob("*/*/desk-*"), *folder.glob("*/*/gradio/desk-*"), *folder.glob("*/*/gradio/*/a.png")]
        if not left:
            return
        time.sleep(0.1)
    raise AssertionError(left)


def test_gradio_serves_no_file_of_ours_and_fetches_nothing(server, tmp_path):
    url, _ = server
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    for path in (str(secret), "/etc/passwd", "README.md", str(Path("pyproject.toml").resolve())):
        assert httpx.get(f"{url}gradio_api/file={path}").status_code == 404
    for path in ("gradio_api/file=http://127.0.0.1:1/a", "gradio_api/proxy=http://127.0.0.1:1/a"):
        assert httpx.get(f"{url}{path}").status_code == 404


def test_with_a_token_the_page_asks_for_it(browser, model, tmp_path):
    with running_server("--model", model, "--token", "open sesame", tmpdir=tmp_path) as (_, url):
        page = browser.new_page()
        page.goto(url)
        assert page.url.endswith("/login")
        page.get_by_label("Token of this server").fill("wrong")
        page.keyboard.press("Enter")
        page.get_by_text("That is not the token.").wait_for()
        page.get_by_label("Token of this server").fill("open sesame")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Restore", exact=True).wait_for()
        assert "on its server" in page.locator("#title").inner_text()
        page.get_by_role("button", name="Noise", exact=True).click()
        wait_done(page)
        assert page.request.get(f"{url}v1/models").status == 401
        page.close()
    assert not files_below(tmp_path)
