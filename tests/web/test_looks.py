"""Looks at a job's picture: the IIIF Image API, mixed of layers on the disk."""

import io

import numpy as np
import pytest
from PIL import Image

from rednet.files.looks import REMOVED_GAIN
from rednet.web.api.looking import MOST_PIXELS, parse_region, parse_size
from rednet.web.api.problems import RequestError
from tests.images.test_matrix import wide_profile
from tests.web.conftest import as_bytes, as_levels, ended


def start(client, content, **fields):
    files = {"picture": ("a", content)}
    job = client.post("/v1/restore", files=files, data={"wait": "false", **fields}).json()["id"]
    assert ended(client, f"/v1/jobs/{job}")["state"] == "done"
    return job


def look(client, job, kind, part="full/max", ending="png", **query):
    answer = client.get(f"/v1/iiif/{job}-{kind}/{part}/0/default.{ending}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.content


@pytest.fixture
def large(rng):
    """A smooth picture with noise, of odd sides, more than twice as long as the smallest level."""
    ramp = np.linspace(30, 220, 701)[:, None, None] * np.linspace(0.5, 1, 1103)[None, :, None]
    return (ramp + rng.normal(0, 8, (701, 1103, 3))).clip(0, 255).astype(np.uint8)


def test_at_full_size_looks_are_what_the_files_are(client, large):
    job = start(client, as_bytes(large), task="denoise", sigma="8")
    np.testing.assert_array_equal(as_levels(look(client, job, "before")), large)
    for query in ({}, {"strength": 0.4}, {"strength": 1.5, "detail": 0.6}):
        result = as_levels(client.get(f"/v1/jobs/{job}/picture", params=query).content)
        shown = as_levels(look(client, job, "after", **query))
        assert np.abs(shown.astype(int) - result).max() <= 1  # halves may round to the other side
        np.testing.assert_array_equal(
            as_levels(look(client, job, "after", "100,50,300,200/max", **query)), shown[50:250, 100:400]
        )
        removed = as_levels(look(client, job, "removed", **query)).astype(int)
        wanted = (127.5 + REMOVED_GAIN * (large.astype(int) - result)).clip(0, 255)
        assert np.abs(removed - wanted).max() <= REMOVED_GAIN / 2 + 1 and np.abs(removed - 127.5).max() > 10


def test_strength_is_a_straight_line_between_before_and_after(client, large):
    job = start(client, as_bytes(large), task="denoise", sigma="8")
    before, after, half = (
        as_levels(look(client, job, kind, "0,0,512,512/256,", strength=strength)).astype(float)
        for kind, strength in (("before", 1), ("after", 1), ("after", 0.5))
    )
    inside = (after > 0) & (after < 255)
    assert np.abs(half - (before + after) / 2)[inside].max() <= 1 and np.abs(after - before).max() > 2


@pytest.mark.parametrize("kind", ["before", "after"])
def test_a_smaller_look_is_the_mean_of_what_it_shows(kind, client, large):
    job = start(client, as_bytes(large), task="denoise", sigma="8")
    whole = as_levels(look(client, job, kind)).astype(float)
    quarter = as_levels(look(client, job, kind, "512,0,512,512/128,128")).astype(float)
    means = whole[:512, 512:1024].reshape(128, 4, 128, 4, 3).mean(axis=(1, 3))
    inside = ((whole > 0) & (whole < 255))[:512, 512:1024].reshape(128, 4, 128, 4, 3).all(axis=(1, 3))
    assert np.abs(quarter - means)[inside].max() <= 3 and inside.mean() > 0.5
    wrong = whole[4:516, 512:1024].reshape(128, 4, 128, 4, 3).mean(axis=(1, 3))
    assert np.abs(quarter - wrong)[inside].max() > 3  # else a shift would not show


def test_the_tiles_of_all_levels_cover_the_picture(client, large):
    job = start(client, as_bytes(large), task="denoise")
    info = client.get(f"/v1/iiif/{job}-after/info.json").json()
    assert (info["width"], info["height"]) == (1103, 701)
    tile, covered = info["tiles"][0]["width"], 0
    for scale in info["tiles"][0]["scaleFactors"]:
        for top in range(0, 701, tile * scale):
            for left in range(0, 1103, tile * scale):
                width, height = min(tile * scale, 1103 - left), min(tile * scale, 701 - top)
                size = (-(-width // scale), -(-height // scale))
                part = f"{left},{top},{width},{height}/{size[0]},{size[1]}"
                assert Image.open(io.BytesIO(look(client, job, "after", part))).size == size
                covered += width * height * (scale == 1)
    assert covered == 1103 * 701 and len(info["tiles"][0]["scaleFactors"]) == 2


def test_colours_turned_pictures_depths_and_transparency_are_shown_as_a_person_sees_them(client, rng):
    levels = rng.integers(0, 256, (40, 30, 3), np.uint8)
    wide = start(client, as_bytes(levels, icc_profile=wide_profile()), task="denoise")
    assert np.abs(as_levels(look(client, wide, "before")).astype(int) - levels).max() > 20  # converted to sRGB
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = start(client, as_bytes(levels, exif=exif), task="denoise")
    np.testing.assert_array_equal(as_levels(look(client, turned, "before")), np.rot90(levels, -1))
    assert client.get(f"/v1/jobs/{turned}").json()["width"] == 40
    clear = np.dstack([levels, rng.integers(0, 2, (40, 30), np.uint8) * 255])
    job = start(client, as_bytes(clear), task="denoise")
    after = as_levels(look(client, job, "after"))
    hidden = clear[:, :, 3] == 0
    np.testing.assert_array_equal(after[:, :, 3], clear[:, :, 3])
    np.testing.assert_array_equal(after[hidden], clear[hidden])
    assert Image.open(io.BytesIO(look(client, job, "after", ending="jpg"))).mode == "RGB"
    gray = start(client, as_bytes(levels[:, :, 0]), task="denoise")
    assert Image.open(io.BytesIO(look(client, gray, "after"))).mode == "L"


def test_filled_and_enlarged_pictures_are_shown_as_they_are_written(client, rng):
    levels = rng.integers(0, 256, (40, 30, 3), np.uint8)
    levels[10:14, 5:20] = (255, 0, 0)
    for fields in ({"task": "inpaint", "mask_color": "#ff0000"}, {"task": "upscale", "scale": "3"}):
        job = start(client, as_bytes(levels), **fields)
        written = as_levels(client.get(f"/v1/jobs/{job}/picture").content)
        shown = as_levels(look(client, job, "after"))
        assert shown.shape == written.shape and np.abs(shown.astype(int) - written).max() <= 1


def test_what_is_asked_for_wrongly_is_a_problem(client, levels):
    job = start(client, as_bytes(levels), task="denoise")
    for path, status in (
        (f"{job}-after/full/max/90/default.png", 400), (f"{job}-after/full/max/0/gray.png", 400),
        (f"{job}-after/full/max/0/default.gif", 400), (f"{job}-after/full/^max/0/default.png", 400),
        (f"{job}-after/pct:1,2,3,4/max/0/default.png", 400), (f"{job}-after/30,0,5,5/max/0/default.png", 400),
        (f"{job}-after/full/31,/0/default.png", 400), (f"{job}-after/full/0,/0/default.png", 400),
        (f"{job}-mask/full/max/0/default.png", 404), (f"{job}-strange/info.json", 404), ("none-after/info.json", 404),
        (f"{job}/info.json", 404),
    ):  # fmt: skip
        answer = client.get(f"/v1/iiif/{path}")
        assert answer.status_code == status, path
        assert answer.headers["content-type"] == "application/problem+json"
    answer = client.get(f"/v1/iiif/{job}-after/full/max/0/default.png?strength=x")
    assert answer.status_code == 422


def test_a_base_uri_leads_to_the_description_and_linked_data_is_named_so(client, levels):
    job = start(client, as_bytes(levels), task="denoise")
    answer = client.get(f"/v1/iiif/{job}-after", follow_redirects=False)
    assert answer.status_code == 303 and answer.headers["location"].endswith(f"{job}-after/info.json")
    info = client.get(answer.headers["location"], headers={"accept": "application/ld+json"})
    assert info.headers["content-type"].startswith("application/ld+json")
    assert info.json()["id"] == f"http://127.0.0.1:8000/v1/iiif/{job}-after"
    assert "access-control-allow-origin" not in info.headers


def test_no_size_explodes():
    huge = parse_region("full", 40_000, 20_000)
    width, height = parse_size("max", huge)
    assert 0.99 * MOST_PIXELS < width * height <= MOST_PIXELS and width == 2 * height
    assert parse_size("!100,100", huge) == (100, 50) and parse_size(",10", huge) == (20, 10)
    assert parse_size("max", parse_region("0,0,40000,1", 40_000, 20_000)) == (40_000, 1)
    for size in ("40000,20000", "2829,", "40001,1", "999999999,999999999", "0,0", ",", "!5,", "1e3,", "²,"):
        with pytest.raises(RequestError):
            parse_size(size, huge)
    for region in ("0,0,0,5", "40000,0,1,1", "-1,0,5,5", "1,2,3", "0,0,9999999999,1"):
        with pytest.raises(RequestError):
            parse_region(region, 40_000, 20_000)
