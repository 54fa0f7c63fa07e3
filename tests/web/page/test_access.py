"""Everybody can use the page: by keyboard, in their language, in light and dark, on a wide or narrow screen."""

import pytest

from rednet.web.static import PAGE
from tests.web.page.conftest import PACKAGES, as_file, choose_files, painted, task, wait_saveable, wait_status

TASKS = ("Find out", "Noise", "JPEG artefacts", "Too small", "Blur", "Missing parts")


def barriers(page):
    """Return what axe finds that keeps people out."""
    script = PACKAGES / "axe-core" / "axe.min.js"
    if not script.exists():
        pytest.skip("there is no axe-core; npm ci")
    page.evaluate(script.read_text("utf-8"))
    return [
        (found["id"], [node["target"] for node in found["nodes"]])
        for found in page.evaluate("axe.run()")["violations"]
    ]  # fmt: skip


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_barrier(open_page, noisy, scheme):
    page = open_page(color_scheme=scheme)
    assert barriers(page) == []
    choose_files(page, as_file(noisy, "a.png"), as_file(noisy, "b.png"))
    wait_saveable(page)
    page.locator("#format summary").click()
    for name in TASKS:
        task(page, name)
        page.wait_for_timeout(300)
        assert barriers(page) == [], name
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert barriers(page)  # it does find one


@pytest.mark.browser
def test_a_mask_is_painted_and_filled_by_keyboard(page, noisy):
    choose_files(page, as_file(noisy, "a.png"))
    wait_saveable(page)
    task(page, "Missing parts")
    page.locator("#mask:visible").focus()
    page.keyboard.down(" ")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.keyboard.up(" ")
    assert painted(page) > 0
    page.keyboard.press("Control+z")
    page.wait_for_timeout(100)
    assert painted(page) == 0
    page.keyboard.press(" ")
    page.locator("#restore:enabled").focus()
    page.keyboard.press("Enter")
    wait_status(page, "Missing parts filled")


@pytest.mark.browser
def test_tab_leads_from_the_first_control_to_save(page, noisy):
    choose_files(page, as_file(noisy, "a.png"))
    wait_saveable(page)
    page.locator("#add").focus()
    reached = []
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.name"))
    assert {"language", "divider", "hold", "zoom-in", "full", "task", "save"} <= set(reached)


@pytest.mark.browser
def test_the_divider_is_moved_by_arrow_keys_and_stays_when_the_picture_moves(page, noisy):
    choose_files(page, as_file(noisy, "a.png"))
    wait_saveable(page)
    divider = page.locator("#divider:visible")
    divider.focus()
    page.keyboard.press("ArrowRight")
    assert divider.get_attribute("aria-valuenow") == "52"
    place = divider.bounding_box()
    page.locator("#zoom-in").click()
    page.wait_for_timeout(600)
    assert divider.bounding_box() == place


@pytest.mark.browser
def test_the_language_is_the_browsers_and_can_be_changed(open_page):
    page = open_page(locale="de-AT")
    page.get_by_text("Bilder hier ablegen").wait_for()
    page.locator("#language").select_option("ko")
    page.get_by_text("사진을 여기에 놓으세요").wait_for()
    page.reload()
    page.get_by_text("사진을 여기에 놓으세요").wait_for()
    assert page.evaluate("document.documentElement.lang") == "ko"


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 2560])
def test_nothing_is_wider_than_the_screen(open_page, noisy, width):
    page = open_page(width=width, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    choose_files(page, as_file(noisy, "a.png"))
    wait_saveable(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#save").bounding_box()["y"] < 844


def test_the_viewer_is_the_file_of_the_npm_package():
    original = PACKAGES / "openseadragon" / "build" / "openseadragon" / "openseadragon.min.js"
    if not original.exists():
        pytest.skip("there is no OpenSeadragon to compare with; npm ci")
    assert (PAGE / "openseadragon" / "openseadragon.min.js").read_bytes() == original.read_bytes()
