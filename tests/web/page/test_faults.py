"""Faults that pages like this one had: each was found by a visitor."""

import re

import numpy as np
import pytest

from tests.web.page.conftest import (
    as_file,
    choose_files,
    drop,
    holding,
    levels_of,
    paint,
    painted,
    saved,
    screen_of,
    set_slider,
    task,
    wait_saveable,
    wait_status,
)  # fmt: skip

pytestmark = pytest.mark.browser
TASKS = {
    "Find out": "auto", "Noise": "denoise", "JPEG artefacts": "dejpeg", "Too small": "upscale", "Blur": "deblur",
    "Missing parts": "inpaint",
}  # fmt: skip
RESTORE = "**/v1/restore"
BAD = {"name": "bad.png", "mimeType": "image/png", "buffer": b"no picture"}


def test_the_mask_belongs_to_the_picture_that_is_shown(page, noisy):
    choose_files(page, as_file(noisy, "one.png"), as_file(noisy[::-1], "two.png"))
    wait_saveable(page)
    task(page, "Missing parts")
    page.locator("#mask:visible").wait_for()
    paint(page, (0.45, 0.5), (0.55, 0.5))
    assert painted(page) > 0
    page.get_by_role("button", name="two.png:").click()
    task(page, "Missing parts")
    page.locator("#name", has_text="two.png").wait_for()
    assert painted(page) == 0
    assert page.locator("#restore").is_disabled()
    page.get_by_role("button", name="one.png:").click()
    page.locator("#restore:enabled").click()
    wait_status(page, "Missing parts filled")
    name, content = saved(page)
    assert name == "one-inpainted.png"
    changed = (levels_of(content) != noisy).any(axis=2)
    assert changed[46:50, 38:42].all()  # the stroke goes through the middle
    assert not changed[:40].any() and not changed[56:].any()


def test_a_bad_file_has_nothing_to_save(page, noisy):
    choose_files(page, as_file(noisy, "good.png"))
    wait_saveable(page)
    choose_files(page, BAD)
    page.locator("#name", has_text="bad.png").wait_for()
    wait_status(page, "is not a picture that can be read")
    assert page.locator("#save").is_disabled()
    page.get_by_role("button", name="good.png:").click()
    wait_saveable(page)
    assert saved(page)[0] == "good-restored.png"


def test_another_task_marks_the_result_as_one_of_before_and_restores_again(page, noisy):
    choose_files(page, as_file(noisy, "a.png"))
    wait_saveable(page)
    task(page, "Too small")
    assert page.locator("#status.stale").is_visible() and page.locator("#save").is_disabled()
    wait_status(page, "Enlarged 2 times, to 160 × 192 px")
    name, content = saved(page)
    assert name == "a-x2.png" and levels_of(content).shape == (192, 160, 3)


def test_what_was_there_can_be_saved_after_a_stop(page, large):
    choose_files(page, as_file(large[:600, :800], "a.png"))
    wait_saveable(page)
    before = saved(page)[1]
    with holding(page, RESTORE):
        task(page, "Too small")
        page.locator("#stop:visible").click()
        wait_saveable(page)
    assert page.locator("#tasks").get_by_role("radio", name="Find out").is_checked()
    name, content = saved(page)
    assert name == "a-restored.png" and content == before


def fill_a_part(page):
    task(page, "Missing parts")
    page.locator("#mask:visible").wait_for()
    paint(page, (0.45, 0.5), (0.46, 0.5))
    page.locator("#restore:enabled").click()
    wait_status(page, "Missing parts filled")


def test_a_picture_that_is_stopped_on_its_way_to_the_server_is_sent_once_and_can_be_restored(page, large):
    with holding(page, RESTORE) as held:  # so large that it cannot be done before the server hears of the stop
        choose_files(page, as_file(large[:1500, :2000], "a.png"))
        page.locator("#stop:visible").click()
        wait_status(page, "Stopped")
    page.locator("#facts", has_text="2,000 × 1,500").wait_for()
    wait_status(page, "Stopped")
    page.reload()
    wait_status(page, "Stopped")
    assert len(held) == 1
    fill_a_part(page)


def test_missing_parts_can_be_chosen_while_a_picture_is_sent(page, noisy):
    with holding(page, RESTORE):
        choose_files(page, as_file(noisy, "a.png"))
        page.locator("#stop:visible").wait_for()
        task(page, "Missing parts")
    fill_a_part(page)


def test_a_picture_that_is_stopped_before_it_was_sent_can_be_restored(page, noisy):
    with holding(page, RESTORE):
        choose_files(page, *(as_file(noisy, f"{name}.png") for name in "abc"))
        page.get_by_role("button", name="c.png:").click()
        page.locator("#stop:visible").click()
        wait_status(page, "Stopped")
        task(page, "Missing parts")
        page.locator("#stop:visible").click()
        wait_status(page, "Stopped")
        page.locator("#restore:enabled").click()
    fill_a_part(page)


def test_a_picture_that_is_stopped_while_its_job_is_at_work_stays_so(page, large):
    with holding(page, "**/stop"), holding(page, "**/events"):
        choose_files(page, as_file(large[:600, :800], "a.png"))
        page.locator("#facts", has_text="800 × 600").wait_for()
        page.locator("#stop:visible").click()
        wait_status(page, "Stopped")
    page.locator("#restore:visible, #save:enabled").first.wait_for()
    fill_a_part(page)


def test_a_job_that_was_done_before_it_was_stopped_counts(page, noisy):
    with holding(page, "**/events"):
        choose_files(page, as_file(noisy, "a.png"))
        page.locator("#facts", has_text="80 × 96").wait_for()
        address, job = page.url.split("#")
        while page.request.get(f"{address}v1/jobs/{job}").json()["state"] != "done":
            page.wait_for_timeout(50)
        page.locator("#stop:visible").click()
        wait_saveable(page)
    assert saved(page)[0] == "a-restored.png"


def test_a_picture_that_comes_while_the_page_asks_for_the_others_is_not_taken_for_a_lost_one(page, noisy):
    sent = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    page.clock.install()
    page.reload()
    choose_files(page, as_file(noisy, "a.png"))
    wait_saveable(page)
    with holding(page, re.compile(r"/v1/jobs\?")) as held:
        page.clock.fast_forward(120_000)  # the page asks now and then, so that the server keeps the pictures
        page.wait_for_timeout(300)
        assert len(held) == 1
        choose_files(page, as_file(noisy, "b.png"))
        page.locator("#name", has_text="b.png").wait_for()
        wait_saveable(page)
    page.wait_for_timeout(500)
    wait_saveable(page)
    assert len(sent) == 2


def test_events_that_break_off_are_asked_for_again_after_a_pause(page, noisy):
    asked = []

    def break_off(route):
        asked.append(route.request.url)
        route.abort()

    def unfinished(route):
        told = route.fetch().json()
        for job in told if isinstance(told, list) else [told]:
            job["state"] = "running"
        route.fulfill(json=told)

    page.route("**/events", break_off)
    page.route(RESTORE, unfinished)
    page.route(re.compile(r"/v1/jobs\?"), unfinished)
    choose_files(page, as_file(noisy, "a.png"))
    page.locator("#facts", has_text="80 × 96").wait_for()
    page.wait_for_timeout(2500)
    assert 1 <= len(asked) <= 3
    page.unroute(re.compile(r"/v1/jobs\?"))
    page.unroute("**/events")
    wait_saveable(page)


def test_a_picture_that_a_busy_server_refuses_is_sent_again(page, noisy):
    answers = [429, 503]

    def refuse(route):
        if answers:
            problem = {"status": answers.pop(), "detail": "busy"}
            route.fulfill(status=problem["status"], headers={"Retry-After": "1"}, json=problem)
        else:
            route.continue_()

    page.route(RESTORE, refuse)
    choose_files(page, as_file(noisy, "a.png"))
    wait_saveable(page)
    assert not answers


def test_the_noise_slider_acts_at_once(page, noisy):
    choose_files(page, as_file(noisy, "a.png"))
    wait_saveable(page)
    task(page, "Noise")
    wait_status(page, "its level judged by the network")
    with page.expect_request(lambda request: request.method == "POST" and "restore" in request.url) as sent:
        set_slider(page, "Noise", 40)
    assert b'name="sigma"\r\n\r\n40\r\n' in sent.value.post_data_buffer
    wait_status(page, "Noise of 40 removed")
    page.get_by_role("button", name="Automatic").click()
    wait_status(page, "its level judged by the network")


def test_a_second_file_is_accepted_while_the_first_is_restored(page, large, noisy):
    with holding(page, RESTORE):
        choose_files(page, as_file(large[:1000, :1500], "large.jpg", "JPEG", quality=80))
        page.locator("#stop:visible").wait_for()
        choose_files(page, as_file(noisy, "small.png"))
        page.locator("#name", has_text="small.png").wait_for()
        assert page.locator(".tile").count() == 2
    wait_saveable(page)
    assert saved(page)[0] == "small-restored.png"


@pytest.mark.parametrize("place", ["header", "#welcome h2", "#promise"])
def test_a_file_may_be_dropped_anywhere(page, noisy, place):
    assert drop(page, place, as_file(noisy, "a.png")) == ["dragenter"]  # only the others can make the browser leave
    wait_saveable(page)


def test_a_file_may_be_dropped_on_the_picture_and_on_the_panel(page, noisy):
    choose_files(page, as_file(noisy, "a.png"))
    wait_saveable(page)
    for place in ("#before", "#panel", "#strip"):
        assert "drop" not in drop(page, place, as_file(noisy, "b.png"))
    page.locator(".tile").nth(3).wait_for()


def test_at_100_percent_each_pixel_of_the_screen_is_one_of_the_picture(page, large):
    levels = large[:1500, :2000]
    choose_files(page, as_file(levels, "a.png"))
    wait_saveable(page)
    page.keyboard.press("1")
    page.locator("#zoom", has_text="100 %").wait_for()
    page.locator("#hold").focus()
    page.keyboard.down("o")
    page.wait_for_timeout(1500)  # the tiles at full size arrive
    screen = screen_of(page)[100:400, 100:400]
    windows = np.lib.stride_tricks.sliding_window_view(levels, (40, 40, 3))[:, :, 0]
    piece = screen[:40, :40]
    rows, columns = np.nonzero((windows[:, :, 0, 0] == piece[0, 0]).all(axis=-1))
    found = [(r, c) for r, c in zip(rows, columns, strict=True) if (windows[r, c] == piece).all()]
    assert found
    row, column = found[0]
    np.testing.assert_array_equal(screen[:200, :200], levels[row : row + 200, column : column + 200])


@pytest.mark.parametrize("name", TASKS)
def test_all_controls_are_in_sight_at_1280x800(page, noisy, name):
    choose_files(page, as_file(noisy, "a.png"))
    wait_saveable(page)
    task(page, name)
    page.locator(f"#controls[data-task={TASKS[name]}]").wait_for(state="attached")
    page.wait_for_timeout(300)
    inside = page.evaluate(
        """() => {
            const parts = [...document.querySelectorAll("#panel button, #panel input, #tools button, #strip button")];
            return parts.filter((part) => part.checkVisibility()).every((part) => {
                const { top, bottom, right } = part.getBoundingClientRect();
                return top >= 0 && bottom <= innerHeight && right <= innerWidth;
            });
        }"""
    )
    assert inside and page.locator("#save").is_visible()


def test_the_whole_picture_is_shown_at_first_and_after_the_window_has_changed(page, noisy):
    def wait_fits():
        for _ in range(100):
            page.wait_for_timeout(100)
            shown = float(page.locator("#zoom").inner_text().split()[0]) / 100 * 96
            room = page.locator("#stage").bounding_box()["height"]
            if room - 2 < shown < room + 1:
                return
        raise AssertionError(f"the picture is {shown} px high, the stage {room} px")

    choose_files(page, as_file(noisy, "a.png"))
    page.locator("#zoom", has_text="%").wait_for()
    wait_fits()
    page.set_viewport_size({"width": 1280, "height": 600})
    wait_fits()
    page.keyboard.press("1")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.wait_for_timeout(1000)
    assert page.locator("#zoom").inner_text() == "100 %"  # who has chosen a part keeps it


def test_the_page_is_light(open_page):
    page = open_page()
    weight = page.evaluate(
        """() => performance.getEntries().filter((entry) => "transferSize" in entry)
            .reduce((sum, entry) => sum + entry.transferSize, 0)"""
    )
    assert 20_000 < weight < 400_000
    assert 5 < len(page.addresses) < 20
    assert all(address.startswith((page.url, "data:")) for address in page.addresses)
