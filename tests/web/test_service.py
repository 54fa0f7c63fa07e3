"""The service as a program meets it: pictures in, pictures, jobs or plain sentences out."""

import io
import time
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from rednet.classical.kernels import disk
from rednet.images import from_array, to_array
from rednet.restoring.restorer import Restorer
from rednet.restoring.scratches import find_scratches
from rednet.restoring.tasks import Deblur, Dejpeg, Denoise, Inpaint
from rednet.web.limits import Limits
from tests.web.conftest import PatientEngine, as_bytes, as_levels, ended, restore


def test_a_form_is_answered_with_the_picture_that_the_library_gives(client, levels, restorer):
    answer = restore(client, levels, task="denoise", sigma="25", strength="0.5")
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/png"
    np.testing.assert_array_equal(
        as_levels(answer.content), restorer.restore(levels, facts={"sigma": 25.0}, strength=0.5)
    )


def test_raw_bytes_take_their_options_from_the_query(client, levels, restorer):
    answer = client.post(
        "/v1/restore?task=upscale&scale=3", content=as_bytes(levels), headers={"content-type": "image/png"}
    )
    np.testing.assert_array_equal(as_levels(answer.content), restorer.upscale(levels, 3))
    assert answer.headers["content-disposition"].endswith('-x3.png"')  # named as on the command line
    assert restore(client, levels).headers["content-disposition"].endswith('-restored.png"')


def test_a_mask_and_a_kernel_come_as_files(client, levels, restorer):
    mask = np.zeros(levels.shape[:2], np.uint8)
    mask[5:9] = 255
    answer = restore(client, levels, task="inpaint", files={"mask": ("m", as_bytes(mask), "image/png")})
    wanted = to_array(restorer.run(Inpaint(mask=mask > 0), from_array(levels)))
    np.testing.assert_array_equal(as_levels(answer.content), wanted)
    kernel = np.zeros((3, 5), np.uint8)
    kernel[1] = 255
    answer = restore(client, levels, task="deblur", noise_sigma="2", files={"kernel_file": ("k", as_bytes(kernel))})
    np.testing.assert_array_equal(as_levels(answer.content), restorer.deblur(levels, kernel / 5, 2.0))
    answer = restore(client, levels, task="deblur", noise_sigma="2", kernel="disk:2")
    np.testing.assert_array_equal(as_levels(answer.content), restorer.deblur(levels, disk(2), 2.0))


def test_a_warning_comes_in_a_header_and_with_the_job(client):
    clear = np.full((140, 140, 4), 255, np.uint8)
    clear[10:130, 10:130, 3] = 0
    answer = restore(client, clear, task="inpaint", mask_alpha="true")
    assert "made up" in answer.headers["rednet-warning"]
    place = restore(client, clear, task="inpaint", mask_alpha="true", wait="false").headers["location"]
    while (job := client.get(place).json())["state"] != "done":
        time.sleep(0.05)
    assert any("made up" in sentence for sentence in job["warnings"])
    clear[10:130, 10:130, 3] = 255
    clear[20, 20, 3] = 0
    assert "rednet-warning" not in restore(client, clear, task="inpaint", mask_alpha="true").headers


def test_transparency_marks_what_is_missing_and_is_gone_after(client, levels, restorer):
    lost = np.zeros(levels.shape[:2], bool)
    lost[5:9] = True
    clear = np.dstack([levels, np.where(lost, 0, 255).astype(np.uint8)])
    answer = restore(client, clear, task="inpaint", mask_alpha="true")
    wanted = to_array(restorer.run(Inpaint(mask=lost), from_array(levels)))
    np.testing.assert_array_equal(as_levels(answer.content), wanted)
    assert restore(client, clear, task="inpaint", mask_alpha="true", format="jpg").status_code == 200
    answer = restore(client, levels, task="inpaint", mask_alpha="true")
    assert answer.status_code == 422 and "no transparency" in answer.json()["detail"]


def test_scratches_are_found_and_filled(client, restorer):
    levels = np.full((60, 90, 3), 120, np.uint8)
    levels[30:32, 10:80] = 255
    answer = restore(client, levels, task="inpaint", find_scratches="true")
    found = find_scratches(from_array(levels).pixels)
    assert found[30:32, 12:78].all()
    wanted = to_array(restorer.run(Inpaint(mask=found), from_array(levels)))
    np.testing.assert_array_equal(as_levels(answer.content), wanted)


def test_a_file_of_floats_keeps_its_range(client, rng):
    values = rng.normal(1000, 300, (40, 30)).astype(np.float32)
    file = io.BytesIO()
    tifffile.imwrite(file, values)
    parts = {"picture": ("a", file.getvalue(), "image/tiff")}
    answer = client.post("/v1/restore", files=parts, data={"task": "denoise", "range": "0,4095", "strength": "0"})
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(answer.content)), values)
    answer = client.post("/v1/restore", files=parts, data={"range": "4095"})
    assert answer.status_code == 422 and "give two numbers" in answer.json()["detail"]


def test_auto_says_what_it_found_and_keeps_metadata(client, photo):
    exif = Image.Exif()
    exif[0x010E] = "a holiday"
    content = as_bytes((photo * 255).astype(np.uint8), "JPEG", quality=30, exif=exif)
    answer = client.post("/v1/restore", content=content, headers={"content-type": "image/jpeg"})
    assert "JPEG of quality 30" in answer.headers["rednet-found"]
    assert b"a holiday" in answer.content and answer.content.startswith(b"\xff\xd8")


def test_a_large_picture_becomes_a_job_and_nothing_is_left_of_it(make_client, levels, restorer, tmp_path):
    client = make_client(limits=Limits(answer_megapixels=0.001))
    answer = restore(client, levels, task="denoise")
    assert answer.status_code == 202
    place = answer.headers["location"]
    assert ended(client, place)["picture"] == f"{place}/picture"
    picture = client.get(f"{place}/picture")
    np.testing.assert_array_equal(as_levels(picture.content), restorer.restore(levels, facts={"sigma": None}))
    assert client.delete(place).status_code == 204
    assert client.get(place).status_code == 404 and not list(tmp_path.iterdir())


def test_an_answer_leaves_nothing_behind(client, levels, tmp_path):
    assert restore(client, levels).status_code == 200
    assert restore(client, levels, task="paint").status_code == 422
    assert not list(tmp_path.iterdir())


def test_a_full_queue_is_429_with_retry_after_and_a_job_can_be_stopped(make_client, two_tiles, restorer, tmp_path):
    engine = PatientEngine(restorer.engine.config)
    client = make_client(restorer=Restorer(engine), limits=Limits(waiting=1))
    first = restore(client, two_tiles, task="denoise", wait="false").headers["location"]
    assert engine.begun.wait(20)
    second = restore(client, two_tiles, task="denoise", wait="false").headers["location"]
    assert client.get(second).json()["before"] == 1
    answer = restore(client, two_tiles, task="denoise")
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) >= 1
    assert "the queue is full" in answer.json()["detail"]
    status = client.get(first).json()
    assert status["state"] == "running" and status["share"] == 0.5 and status["seconds_left"] >= 0
    assert client.get(f"{first}/picture").status_code == 409
    assert client.delete(first).status_code == 204 and client.delete(second).status_code == 204
    engine.go.set()
    assert restore(client, two_tiles, task="denoise").status_code == 200
    assert 'state="cancelled"} 2.0' in client.get("/metrics").text
    assert not list(tmp_path.iterdir())


def test_a_job_out_of_time_is_503(make_client, two_tiles, restorer):
    engine = PatientEngine(restorer.engine.config, patience=1.0)
    client = make_client(restorer=Restorer(engine), limits=Limits(max_seconds=0.9))
    answer = restore(client, two_tiles, task="denoise")
    assert answer.status_code == 503 and "the server's max_seconds" in answer.json()["detail"]


def bomb():
    """Makes a PNG that claims 800 megapixels."""
    content = bytearray(as_bytes(np.zeros((40, 50, 3), np.uint8)))
    content[16:24] = (40000).to_bytes(4, "big") + (20000).to_bytes(4, "big")
    content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, "big")
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"hello", "the file is not a picture that can be read"),
        (b"", "the file is empty (0 bytes)"),
        (as_bytes(np.zeros((40, 50), np.uint8))[:-30], "the file is not a picture that can be read"),
        (bomb(), "the file has 800 megapixels; the limit is 50"),
        (b"http://127.0.0.1:1/a.png", "the file is not a picture that can be read"),
    ],
)
def test_what_is_no_picture_is_a_problem_in_a_plain_sentence(content, sentence, client, tmp_path):
    answer = client.post("/v1/restore", content=content, headers={"content-type": "image/png"})
    assert answer.status_code == 422 and answer.headers["content-type"] == "application/problem+json"
    assert sentence in answer.json()["detail"] and str(tmp_path) not in answer.text
    assert answer.json()["status"] == 422 and answer.json()["title"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"sigma": "25"}, "sigma belongs to the task denoise, and the task is auto"),
        ({"task": "denoise", "sigma": "nan"}, "sigma is 'nan'"),
        ({"task": "denoise", "sigma": "-1"}, "sigma is '-1'; input should be greater than or equal to 0"),
        ({"task": "deblur"}, "say what the blur is"),
        ({"task": "deblur", "kernel": "/etc/passwd"}, "disk:RADIUS"),
        ({"task": "inpaint"}, "say what is missing"),
        ({"task": "inpaint", "mask_color": "red"}, "#rrggbb"),
        ({"task": "inpaint", "mask_alpha": "true", "find_scratches": "true"}, "say what is missing"),
        ({"task": "inpaint", "find_scratches": "true", "detail": "0.5"}, "detail comes from what was removed"),
        ({"find_scratches": "true"}, "find_scratches belongs to the task inpaint"),
        ({"url": "http://example.org/a.png"}, "there is no option 'url'"),
        ({"format": "gif"}, "format is 'gif'"),
    ],
)
def test_a_wrong_option_is_told(fields, sentence, client, levels):
    answer = restore(client, levels, **fields)
    assert answer.status_code == 422 and sentence in answer.json()["detail"]


def test_a_kernel_in_words_never_names_a_file(client, levels, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("k.npy", np.ones((3, 3)))
    assert Deblur(kernel="k.npy").loaded_kernel().shape == (3, 3)
    for name in ("k.npy", "none.npy"):
        answer = restore(client, levels, task="deblur", kernel=name)
        assert answer.status_code == 422 and "disk:RADIUS" in answer.json()["detail"]
    answer = restore(client, levels, task="deblur", files={"kernel_file": ("k", (tmp_path / "k.npy").read_bytes())})
    assert answer.status_code == 200


def test_what_is_said_twice_is_refused(client, levels):
    files = {"kernel_file": ("k", as_bytes(np.full((3, 3), 255, np.uint8)))}
    answer = restore(client, levels, task="deblur", kernel="disk:2", files=files)
    assert answer.status_code == 422 and "only once" in answer.json()["detail"]
    answer = restore(client, levels, task="denoise", files=files)
    assert "a kernel belongs to the task deblur, and the task is denoise" in answer.json()["detail"]


def test_a_result_that_its_format_cannot_hold_is_told(client, levels):
    alpha = np.dstack([levels, np.full(levels.shape[:2], 9, np.uint8)])
    answer = restore(client, alpha, format="jpg")
    assert answer.status_code == 422
    assert answer.json()["detail"] == "cannot write the file: JPEG has no transparency; use .png, .tif, .webp or .avif"


def test_each_task_has_its_own_network_if_the_server_has_it(make_client, restorer, levels):
    other = Restorer.from_pretrained("fast", threads=1)
    client = make_client(restorers={"real": other, "universal": restorer})
    assert client.get("/v1/models").json()["loaded"] == ["real", "universal"]
    for task, its in ((Denoise(sigma=25), other), (Dejpeg(quality=30), restorer)):
        options = {"sigma": "25"} if task.name == "denoise" else {"quality": "30"}
        answer = restore(client, levels, task=task.name, **options)
        np.testing.assert_array_equal(as_levels(answer.content), to_array(its.run(task, from_array(levels))))
    answer = restore(make_client(restorers={"mine": other}), levels, task="dejpeg", quality="30")
    wanted = to_array(other.run(Dejpeg(quality=30), from_array(levels)))
    np.testing.assert_array_equal(as_levels(answer.content), wanted)


def test_models_metrics_and_openapi_tell_what_there_is(client, levels):
    assert client.get("/v1/models").json() == {"loaded": ["universal"], "shipped": ["fast", "real", "universal"]}
    restore(client, levels)
    metrics = client.get("/metrics").text
    assert 'rednet_jobs_total{state="done"} 1.0' in metrics and "rednet_waiting_jobs 0.0" in metrics
    described = client.get("/openapi.json").json()
    post = described["paths"]["/v1/restore"]["post"]
    assert {"200", "202", "401", "413", "422", "429", "503"} <= set(post["responses"])
    assert post["responses"]["429"]["content"]["application/problem+json"]["example"]["detail"]
    assert client.get("/nothing").headers["content-type"] == "application/problem+json"
