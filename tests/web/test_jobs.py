"""What is kept of a job: any strength and format without the network, one picture for several jobs, and its end."""

import asyncio
import io
import json
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from rednet.restoring.restorer import DEFAULT_TILE, Restorer
from rednet.web.api import jobs as routes
from rednet.web.api import looking, results
from rednet.web.jobs import bench, order
from rednet.web.limits import Limits
from tests.web.conftest import PatientEngine, as_bytes, as_levels, ended, restore


def start(client, levels, name="cat.png", **fields):
    """Send a picture; return the id of its job when it is done."""
    files = {"picture": (name, as_bytes(levels), "image/png")}
    answer = client.post("/v1/restore", files=files, data={"wait": "false", **fields})
    assert answer.status_code == 202, answer.text
    assert ended(client, answer.headers["location"])["state"] == "done"
    return answer.json()["id"]


def test_a_finished_job_gives_any_strength_detail_and_format_to_the_byte(client, levels):
    job = start(client, levels, task="denoise", sigma="25")
    for options in ({}, {"strength": "0.5"}, {"strength": "1.2", "detail": "0.7"}, {"format": "webp"},
                    {"format": "jpg", "save_quality": "40"}):  # fmt: skip
        fresh = restore(client, levels, task="denoise", sigma="25", **options)
        kept = client.get(f"/v1/jobs/{job}/picture", params=options)
        assert kept.status_code == 200 and kept.content == fresh.content, options
    for wrong, words in (({"strength": "9"}, "strength is '9'"), ({"sigma": "3"}, "no option 'sigma'")):
        answer = client.get(f"/v1/jobs/{job}/picture", params=wrong)
        assert answer.status_code == 422 and words in answer.json()["detail"]


def test_the_network_runs_once_whatever_is_asked_for_afterwards(make_client, two_tiles, restorer):
    engine = PatientEngine(restorer.engine.config)
    engine.go.set()
    client = make_client(restorer=Restorer(engine))
    job = start(client, two_tiles, task="denoise")
    calls = engine.calls
    assert calls > 1
    client.get(f"/v1/jobs/{job}/picture?strength=0.4&detail=1")
    client.get(f"/v1/iiif/{job}-after/full/max/0/default.png?strength=0.4")
    assert engine.calls == calls


def test_a_job_says_what_it_is_of(client, levels):
    job = start(client, levels, name="my/Über cat.JPG", task="upscale", scale="3")
    status = client.get(f"/v1/jobs/{job}").json()
    wanted = {
        "name": "Über cat.png", "width": 30, "height": 40, "format": "PNG", "depth": "uint8", "bands": 3, "scale": 3,
        "options": {"task": "upscale", "scale": 3}, "views": ["before", "after"], "touched": True,
        "tunes": ["strength", "detail"], "bytes": len(as_bytes(levels)), "expires_s": 1800,
    }  # fmt: skip
    assert {name: status[name] for name in wanted} == wanted
    assert "%C3%9Cber%20cat-x3.png" in client.get(f"/v1/jobs/{job}/picture").headers["content-disposition"]
    several = client.get("/v1/jobs", params={"job": [job, "none", job]}).json()
    assert [one["id"] for one in several] == [job]
    for none in ("/v1/jobs", "/v1/archive"):
        assert client.get(none).status_code == 422


def test_a_picture_that_is_left_as_it_is_says_so_and_comes_back_to_the_byte(client):
    flat = np.full((200, 200, 3), 200, np.uint8)
    flat[50:150, 50:150] = 30
    job = start(client, flat)
    status = client.get(f"/v1/jobs/{job}").json()
    assert status["touched"] is False and "left as it is" in status["found"]
    assert client.get(f"/v1/jobs/{job}/picture").content == as_bytes(flat)


def test_several_jobs_share_one_picture_and_one_mask(client, levels, tmp_path):
    mask = np.zeros(levels.shape[:2], np.uint8)
    mask[5:9] = 255
    files = {"picture": ("a.png", as_bytes(levels)), "mask": ("m.png", as_bytes(mask))}
    first = client.post("/v1/restore", files=files, data={"task": "inpaint", "wait": "false"}).json()["id"]
    assert ended(client, f"/v1/jobs/{first}")["views"] == ["before", "after", "removed", "mask"]
    shown = client.get(f"/v1/iiif/{first}-mask/full/max/0/default.png")
    np.testing.assert_array_equal(as_levels(shown.content), mask)
    again = client.post(f"/v1/restore?task=inpaint&picture_of={first}&mask_of={first}&wait=true", content=b"")
    assert again.content == client.get(f"/v1/jobs/{first}/picture").content
    assert client.delete(f"/v1/jobs/{first}").status_code == 204
    gone = client.post(f"/v1/restore?picture_of={first}")
    assert gone.status_code == 404 and f"no job '{first}'" in gone.json()["detail"]
    assert not list(tmp_path.iterdir())
    other = start(client, levels, task="denoise")
    for path, words in (
        (f"/v1/restore?task=inpaint&picture_of={other}&mask_of={other}", "that job has no mask"),
        ("/v1/restore", "the file is empty"),
    ):
        answer = client.post(path)
        assert answer.status_code == 422 and words in answer.json()["detail"]
    both = client.post("/v1/restore", files={"picture": ("a", as_bytes(levels))}, data={"picture_of": other})
    assert both.status_code == 422 and "two of picture" in both.json()["detail"]


def test_a_part_is_restored_as_in_the_whole(client, rng):
    whole = rng.integers(0, 256, (150, 190, 3), np.uint8)
    wanted = as_levels(restore(client, whole, task="denoise", sigma="25").content)
    for left, top, width, height in ((31, 42, 77, 53), (0, 0, 10, 150), (180, 141, 10, 9), (20, 30, 1, 1)):
        region = f"{left},{top},{width},{height}"
        part = restore(client, whole, task="denoise", sigma="25", region=region)
        np.testing.assert_array_equal(
            as_levels(part.content), wanted[top : top + height, left : left + width], err_msg=region
        )
    for region, words in (("31,42,77", "region is"), ("150,0,41,9", "within 190x150 px"), ("0,0,0,5", "within")):
        answer = restore(client, whole, region=region)
        assert answer.status_code == 422 and words in answer.json()["detail"]


def test_events_tell_how_far_a_job_is_until_it_has_ended(make_client, two_tiles, restorer, monkeypatch):
    engine = PatientEngine(restorer.engine.config)
    client = make_client(restorer=Restorer(engine))
    job = restore(client, two_tiles, task="denoise", wait="false").json()["id"]
    assert engine.begun.wait(20)
    engine.go.set()
    answer = client.get(f"/v1/jobs/{job}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [part.split("\n") for part in answer.text.strip().split("\n\n")]
    assert all(event == "event: state" and data.startswith("data: ") for event, data in events)
    states = [json.loads(data.removeprefix("data: ")) for _, data in events]
    assert states[-1]["state"] == "done" and states[-1]["share"] == 1
    monkeypatch.setattr(routes, "MOST_LISTENERS", 1)
    for _ in range(3):  # one after the other: each frees its place
        assert client.get(f"/v1/jobs/{job}/events").status_code == 200
    monkeypatch.setattr(routes, "MOST_LISTENERS", 0)
    answer = client.get(f"/v1/jobs/{job}/events")
    assert answer.status_code == 503 and answer.headers["retry-after"]


def test_listeners_are_counted_before_their_streams_begin(monkeypatch):
    monkeypatch.setattr(routes, "MOST_LISTENERS", 2)
    room = routes.Jobs(SimpleNamespace(need=lambda name: None), None)

    async def listen():
        return [await room.events("a") for _ in range(3)]

    assert [answer.status_code for answer in asyncio.run(listen())] == [200, 200, 503]


def test_an_archive_has_all_pictures_stored_under_names_of_their_own(client, levels):
    names = ["cat.png", "CAT.png", "dog.png"]
    jobs = [start(client, levels, name=name, task="denoise") for name in names]
    answer = client.get("/v1/archive", params={"job": jobs, "strength": "0.5"})
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["cat-denoised.png", "CAT-denoised-2.png", "dog-denoised.png"]
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
        wanted = client.get(f"/v1/jobs/{jobs[0]}/picture?strength=0.5").content
        assert archive.read("cat-denoised.png") == wanted
        ages = [time.time() - time.mktime((*entry.date_time, 0, 0, -1)) for entry in archive.infolist()]
        assert all(-60 < age < 3600 for age in ages)
    assert client.get("/v1/archive", params={"job": [*jobs, "none"]}).status_code == 404
    assert client.get("/v1/archive", params={"job": [str(n) for n in range(201)]}).status_code == 422


def test_each_picture_of_an_archive_may_have_its_own_strength_detail_and_format(client, levels):
    mask = np.zeros(levels.shape[:2], np.uint8)
    mask[5:9] = 255
    files = {"picture": ("c.png", as_bytes(levels)), "mask": ("m.png", as_bytes(mask))}
    filled = client.post("/v1/restore", files=files, data={"task": "inpaint", "wait": "false"}).json()["id"]
    assert ended(client, f"/v1/jobs/{filled}")["state"] == "done"
    jobs = [start(client, levels, name=name, task="denoise", strength="0.3") for name in ("a.png", "b.png")]
    jobs = [jobs[0], jobs[1], jobs[0], filled]  # one job twice, and one that has no detail
    strengths, details, formats = ["0.5", "", "1.2", ""], ["0", "0.7", "1", "0.5"], ["", "webp", "jpg", ""]
    told = {"job": jobs, "strength": strengths, "detail": details, "format": formats, "save_quality": "60"}
    answer = client.get("/v1/archive", params=told)
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = archive.namelist()
        assert names == ["a-denoised.png", "b-denoised.webp", "a-denoised.jpg", "c-inpainted.png"]
        for place, name in enumerate(names):
            own = {"strength": strengths[place], "detail": details[place], "format": formats[place]}
            own |= {"save_quality": "60"} if place < 3 else {"detail": ""}
            assert archive.read(name) == client.get(f"/v1/jobs/{jobs[place]}/picture", params=own).content, name
    for wrong, words in (
        ({"strength": ["1", "0.5"]}, "strength is given 2 times for 4 jobs; give it once, or once for each"),
        ({"strength": ["1", "1", "9", "1"]}, "strength is '9'"),
        ({"sigma": "3"}, "no option 'sigma'"),
    ):
        answer = client.get("/v1/archive", params={"job": jobs, **wrong})
        assert answer.status_code == 422 and words in answer.json()["detail"]


def test_archives_write_as_few_pictures_at_a_time_as_everybody(client, levels, monkeypatch):
    job = start(client, levels, task="denoise")
    busy, most, lock = 0, 0, threading.Lock()
    whole = results.tuned

    def watched(order, tuning):
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        time.sleep(0.05)
        with lock:
            busy -= 1
        return whole(order, tuning)

    monkeypatch.setattr(results, "tuned", watched)
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: client.get(f"/v1/archive?job={job}"), range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert most == bench.QUICK


def test_a_job_that_is_deleted_while_it_is_looked_at_is_unknown_then(client, levels, monkeypatch):
    job = start(client, levels)

    def deleting(*given):
        client.delete(f"/v1/jobs/{job}")
        raise FileNotFoundError("the pyramid's file")

    monkeypatch.setattr(looking, "look_at", deleting)
    answer = client.get(f"/v1/iiif/{job}-before/full/max/0/default.png")
    assert answer.status_code == 404 and f"no job '{job}'" in answer.json()["detail"]


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the test turns."""
    now = [1000.0]
    monkeypatch.setattr(order, "clock", lambda: now[0])
    return now


def test_a_job_is_kept_for_half_an_hour_after_its_last_use(make_client, levels, clock, tmp_path):
    client = make_client()
    job = start(client, levels)
    clock[0] += 1700
    assert client.get(f"/v1/jobs/{job}").json()["expires_s"] == 1800
    clock[0] += 1700
    assert client.get(f"/v1/jobs/{job}/picture").status_code == 200
    clock[0] += 1801
    assert client.get(f"/v1/jobs/{job}").status_code == 404 and not list(tmp_path.iterdir())


@pytest.mark.parametrize("limits", [Limits(kept=2), Limits(kept_bytes=100_000)])
def test_of_too_many_or_too_large_jobs_those_that_ended_first_go(limits, make_client, levels, tmp_path):
    client = make_client(limits=limits)
    large = np.tile(levels, (2, 2, 1))  # 58 kB of correction
    jobs = [start(client, large, task="denoise") for _ in range(4)]
    there = [client.get(f"/v1/jobs/{job}").status_code for job in jobs]
    assert there[0] == 404 and there[-1] == 200
    assert len(list(tmp_path.iterdir())) == there.count(200) <= 2


def test_a_job_that_failed_keeps_its_picture_and_its_sentence(client, levels):
    job = restore(client, np.dstack([levels, levels[:, :, :1]]), wait="false", format="jpg").json()["id"]
    status = ended(client, f"/v1/jobs/{job}")
    assert status["state"] == "failed" and "JPEG has no transparency" in status["error"]
    assert status["views"] == ["before"]
    assert client.get(f"/v1/iiif/{job}-before/full/max/0/default.png").status_code == 200
    for path in (f"/v1/jobs/{job}/picture", f"/v1/archive?job={job}"):
        assert client.get(path).status_code == 422
    assert client.get(f"/v1/iiif/{job}-after/info.json").status_code == 409


def test_what_is_wrong_is_found_without_waiting_for_the_queue(make_client, two_tiles, restorer):
    engine = PatientEngine(restorer.engine.config)
    client = make_client(restorer=Restorer(engine))
    job = restore(client, two_tiles, task="denoise", wait="false").json()["id"]
    assert engine.begun.wait(20)
    found = client.get(f"/v1/jobs/{job}/inspect").json()
    assert found["input"] == "passwd.png" and found["width"] == 2 * DEFAULT_TILE and found["damage"] is not None
    scratched = client.get(f"/v1/jobs/{job}/scratches")
    mask = Image.open(io.BytesIO(scratched.content))
    assert mask.mode == "L" and mask.size == (2 * DEFAULT_TILE, 8)
    assert client.get(f"/v1/jobs/{job}").json()["state"] == "running"
    assert client.get(f"/v1/jobs/{job}/picture").status_code == 409
    assert client.get(f"/v1/iiif/{job}-after/info.json").status_code == 409
    assert client.get(f"/v1/iiif/{job}-before/info.json").status_code == 200
    engine.go.set()


def test_examples_can_be_restored_as_they_say(client):
    examples = client.get("/v1/examples").json()
    assert len(examples) == 5
    for example in examples:
        content = client.get(example["picture"]).content
        assert min(Image.open(io.BytesIO(content)).size) >= 300  # whole photographs
        files = {"picture": (example["name"], content)}
        if example["mask"]:
            files["mask"] = ("mask.png", client.get(example["mask"]).content)
        fields = {"task": example["task"], "wait": "true", **example["options"]}
        assert client.post("/v1/restore", files=files, data=fields).status_code == 200, example
    for name in ("none.png", "noise-mask.png", "..%2fnoise.png", "noise.jpg"):
        assert client.get(f"/v1/examples/{name}").status_code == 404


def test_a_kernel_is_drawn_from_words_only(client, tmp_path, monkeypatch):
    drawn = as_levels(client.get("/v1/kernel.png?kernel=disk:3").content)
    assert drawn.ndim == 2 and drawn.shape[0] > 200 and drawn.max() == 255
    monkeypatch.chdir(tmp_path)
    np.save("k.npy", np.ones((3, 3)))
    for words in ("k.npy", "/etc/passwd", "disk:9999", "x" * 100, ""):
        assert client.get("/v1/kernel.png", params={"kernel": words}).status_code == 422


def test_a_result_that_is_deleted_meanwhile_leaves_nothing(client, levels, tmp_path):
    job = start(client, levels)
    for _ in range(3):
        client.get(f"/v1/jobs/{job}/picture?strength=0.3")
        client.get(f"/v1/iiif/{job}-removed/full/max/0/default.jpg?detail=1")
    assert len(list(tmp_path.glob("*/result*"))) == 0
    client.delete(f"/v1/jobs/{job}")
    time.sleep(0.1)
    assert not list(tmp_path.iterdir())
