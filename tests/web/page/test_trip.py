"""The trip of a picture: opened, restored, looked at, tuned, saved; and found again."""

import io
import zipfile

import numpy as np
import pytest

from rednet.images import from_array, read_picture, to_array, write_picture
from rednet.restoring.options import Options
from rednet.restoring.tasks import Denoise
from tests.web.conftest import files_below, running_server
from tests.web.page.conftest import (
    as_file,
    choose_files,
    drop,
    levels_of,
    paint,
    painted,
    saved,
    set_slider,
    task,
    transfer_of,
    wait_saveable,
    wait_status,
)  # fmt: skip

pytestmark = pytest.mark.browser


def test_a_picture_of_16_bits_is_dropped_restored_tuned_and_saved(page, photo, rng, restorer, tmp_path):
    y = from_array(np.clip(photo * 65535 + rng.normal(0, 25 * 257, photo.shape), 0, 65535).round().astype(np.uint16))
    path = tmp_path / "holiday.png"
    write_picture(path, y)
    file = {"name": "my holiday.png", "mimeType": "image/png", "buffer": path.read_bytes()}
    drop(page, "body", file)
    wait_saveable(page)
    assert "on this computer" in page.locator("#promise").inner_text()
    assert "noise, about" in page.locator("#diagnosis").inner_text()
    assert "16 bits" in page.locator("#facts").inner_text()
    task(page, "Noise")
    wait_status(page, "Noise removed")
    set_slider(page, "Strength", 0.5)
    page.locator("#after[style*='opacity: 0.5']").wait_for(state="attached")
    name, content = saved(page)
    assert name == "my holiday-denoised.png"
    path.write_bytes(content)
    restored = read_picture(path)
    assert restored.depth == "uint16"
    wanted = to_array(restorer.run(Denoise(), y, Options(strength=0.5)))
    np.testing.assert_array_equal(to_array(restored), wanted)
    assert all(address.startswith((page.url.split("#")[0], "blob:", "data:")) for address in page.addresses)


def test_a_picture_is_pasted(page, noisy):
    page.evaluate(
        "(clipboardData) => document.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }))",
        transfer_of(page, as_file(noisy, "clip.png")),
    )
    wait_saveable(page)


def test_all_pictures_are_saved_as_a_zip(page, noisy):
    choose_files(page, as_file(noisy, "a.png"), as_file(noisy[::-1], "a.png"), as_file(noisy[:, ::-1], "b.png"))
    page.locator("#save-all", has_text="(3)").wait_for()
    with zipfile.ZipFile(io.BytesIO(saved(page, "#save-all")[1])) as archive:
        names = archive.namelist()
        assert len(set(names)) == 3 and "b-restored.png" in names
        assert levels_of(archive.read("b-restored.png")).shape == noisy.shape


def test_pictures_of_several_strengths_are_saved_as_one_zip(page, noisy):
    downloads = []
    page.on("download", lambda download: downloads.append(download))
    choose_files(page, as_file(noisy, "a.png"), as_file(noisy, "b.png"))
    page.locator("#save-all", has_text="(2)").wait_for()
    set_slider(page, "Strength", 0)
    with zipfile.ZipFile(io.BytesIO(saved(page, "#save-all")[1])) as archive:
        assert archive.namelist() == ["a-restored.png", "b-restored.png"]
        np.testing.assert_array_equal(levels_of(archive.read("a-restored.png")), noisy)
        assert (levels_of(archive.read("b-restored.png")) != noisy).any()
    page.wait_for_timeout(300)
    assert len(downloads) == 1 and "not saved" not in page.title()


def test_results_that_the_server_has_removed_are_not_left_out_of_the_zip_without_a_word(page, noisy):
    choose_files(page, as_file(noisy, "a.png"), as_file(noisy[::-1], "b.png"))
    page.locator("#save-all", has_text="(2)").wait_for()
    address, jobs = page.url.split("#")
    page.request.delete(f"{address}v1/jobs/{jobs.split(',')[1]}")
    page.locator("#save-all").click()
    page.locator("#notice", has_text="has removed results that were not saved (1)").wait_for()
    page.locator("#save-all", has_text="(1)").wait_for()
    assert "not saved" in page.title()
    page.get_by_role("button", name="b.png: expired").click()
    page.locator("#restore:enabled").click()
    page.locator("#save-all", has_text="(2)").wait_for()
    with zipfile.ZipFile(io.BytesIO(saved(page, "#save-all")[1])) as archive:
        assert archive.namelist() == ["a-restored.png", "b-restored.png"]


def test_another_format_is_saved(page, noisy):
    choose_files(page, as_file(noisy, "a.png"))
    wait_saveable(page)
    page.locator("#format summary").click()
    page.get_by_role("combobox", name="Format").select_option("webp")
    name, content = saved(page)
    assert name == "a-restored.webp" and content[8:12] == b"WEBP"


def test_a_reload_and_a_second_tab_find_the_picture_and_its_tuning(page, noisy):
    choose_files(page, as_file(noisy, "a.png"))
    wait_saveable(page)
    set_slider(page, "Strength", 0.5)
    saved(page)
    page.reload()
    wait_saveable(page)
    assert page.locator("#after[style*='opacity: 0.5']").count() == 1
    second = page.context.new_page()
    second.goto(page.url)
    wait_saveable(second)
    assert second.locator("#name").inner_text() == "a.png"


def test_closing_asks_only_if_something_is_not_saved(page, noisy):
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    choose_files(page, as_file(noisy, "a.png"))
    wait_saveable(page)
    page.locator("#name").click()  # browsers ask only visitors who have done something
    assert "not saved" in page.title()
    page.reload()
    wait_saveable(page)
    assert asked == ["beforeunload"]
    saved(page)
    page.locator("#saving", has_text="Saved as").wait_for()
    page.reload()
    wait_saveable(page)
    assert asked == ["beforeunload"]


def test_found_scratches_are_a_mask_that_can_be_changed(page, photo):
    levels = (photo * 255).astype(np.uint8)
    levels[:, 40:42] = 255
    choose_files(page, as_file(levels, "a.png"))
    wait_saveable(page)
    task(page, "Missing parts")
    page.get_by_role("button", name="Find scratches").click()
    page.locator("#restore:enabled").wait_for()
    found = painted(page)
    assert found > 0
    page.get_by_role("radio", name="Eraser").check()
    paint(page, (0.5, 0.2), (0.5, 0.8))
    assert painted(page) < found
    page.get_by_role("button", name="Undo").click()
    page.wait_for_timeout(100)
    assert painted(page) == found


def test_a_mask_of_another_size_is_refused_in_words(page, noisy):
    choose_files(page, as_file(noisy, "a.png"))
    wait_saveable(page)
    task(page, "Missing parts")
    page.locator("#controls input[type=file]").set_input_files(as_file(noisy[:10, :10], "mask.png"))
    page.get_by_text("The mask has 10 × 10 px; the picture has 80 × 96").wait_for()


def test_a_large_blurred_picture_is_tried_on_a_part_first(page, large):
    choose_files(page, as_file(large[:1000, :1500], "a.png"))
    task(page, "Blur")
    wait_status(page, "trial of the framed part")
    assert page.locator("#frame").is_visible() and page.locator("#save").is_disabled()
    assert page.get_by_role("button", name="Restore the whole picture").is_enabled()


def test_the_handle_over_the_photo_sets_the_blur(page, noisy):
    choose_files(page, as_file(noisy, "a.png"))
    wait_saveable(page)
    task(page, "Blur")
    radius = page.get_by_role("slider", name="Radius")
    radius.wait_for()
    box = page.locator(".handle.size").bounding_box()
    center = page.locator(".handle.center").bounding_box()
    shown = page.locator("#stage").bounding_box()
    assert all(shown["x"] < one["x"] and shown["y"] < one["y"] for one in (box, center))  # over the photo at once
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] - 60, steps=5)
    page.mouse.up()
    assert float(radius.input_value()) > 4


@pytest.mark.parametrize("place", range(5))
def test_every_example_works(page, place):
    page.locator("#examples button").nth(place).click()
    wait_saveable(page)


def test_with_a_token_the_page_asks_for_it(browser, model, tmp_path):
    with running_server("--model", model, "--token", "open sesame", tmpdir=tmp_path) as (_, url):
        page = browser.new_page()
        page.goto(url)
        assert page.url.endswith("/login")
        page.get_by_label("Token of this server").fill("open sesame")
        page.keyboard.press("Enter")
        page.locator("#examples button").first.click()
        wait_saveable(page)
        page.close()
    assert not files_below(tmp_path)
