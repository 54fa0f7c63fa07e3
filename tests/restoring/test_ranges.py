"""Values of any type and range: 12 bits in 16, signed, 32 bits, negative floats, HDR; hints where one is missing."""

import logging
import re
import warnings

import numpy as np
import pytest
import tifffile
from PIL import Image
from typer.testing import CliRunner

from rednet.cli.app import app
from rednet.errors import ImageError
from rednet.images import PictureFile, read_picture, to_array, write_picture
from rednet.images.colour import Range
from rednet.restoring.inspection import inspect_file
from rednet.restoring.ranges import range_hint
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Inpaint
from tests.tasks import BLIND, run_task

RANGES = [("uint8", 16, 235), ("uint16", 0, 4095), ("int8", -100, 100), ("int16", -1000, 2060),
          ("int32", -70_000, 2_000_000), ("uint32", 0, 3_000_000_000), ("float16", 0, 1000), ("float32", -1, 1),
          ("float32", 0, 8), ("float64", -1e6, 1e6)]  # fmt: skip


@pytest.fixture(scope="module")
def restorer(make_model):
    return Restorer.from_pretrained(make_model(depth=4, width=2, channels=3, mask=True, stride=2), threads=1)


def values(rng, depth, low, high, shape=(40, 30)):
    return (low + rng.random(shape) * (high - low)).astype(depth)


@pytest.mark.parametrize(("depth", "low", "high"), RANGES)
@pytest.mark.parametrize("channels", [(), (3,), (4,)])
def test_an_array_of_any_type_is_restored_as_its_share_of_the_range(depth, low, high, channels, rng, restorer):
    y = values(rng, depth, low, high, (40, 30, *channels))
    result = restorer.restore(y, facts={}, range=(low, high))
    assert (result.dtype, result.shape) == (y.dtype, y.shape)
    colours = slice(0, 3) if channels else slice(None)
    share = ((y.astype(float) - low) / (high - low)).astype(np.float32)[..., colours]
    wanted = low + restorer.restore(share, facts={}).astype(float) * (high - low)
    if np.dtype(depth).kind in "iu":
        wanted = np.clip(wanted, low, high)
    step = max(1 if np.dtype(depth).kind in "iu" else 0, (high - low) * (1e-3 if depth == "float16" else 1e-6))
    if channels != (4,):  # transparency that is 0 hides what is under it
        np.testing.assert_allclose(result[..., colours], wanted, atol=step)
    assert not np.array_equal(result[..., colours], y[..., colours])


@pytest.mark.parametrize(("depth", "low", "high"), RANGES)
def test_what_is_not_missing_keeps_every_bit(depth, low, high, rng, restorer):
    y = values(rng, depth, low, high)
    if depth != "uint8":
        y.flat[:4] = high + (high - low) // 8  # outside of the range
    mask = np.zeros(y.shape, bool)
    mask[9:12, 9:12] = True
    result = restorer.restore(y, mask=mask, range=(low, high))
    np.testing.assert_array_equal(result[~mask], y[~mask])
    assert not np.array_equal(result[mask], y[mask])


@pytest.mark.parametrize(("depth", "low", "high"), [row for row in RANGES if row[0] != "float16"])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_file_of_any_type_comes_back_as_the_array_does(
    depth, low, high, streamed, rng, restorer, tmp_path, monkeypatch
):
    monkeypatch.setattr("rednet.files.file.STREAM_FROM", 0 if streamed else 1e9)
    y = values(rng, depth, low, high)
    tifffile.imwrite(tmp_path / "a.tif", y, metadata=None)
    assert run_task(tmp_path / "a.tif", tmp_path / "b.tif", restorer, BLIND, range=(low, high)).streamed is streamed
    result = tifffile.imread(tmp_path / "b.tif")
    assert result.dtype == y.dtype
    np.testing.assert_array_equal(result, restorer.restore(y, facts={}, range=(low, high)))
    np.testing.assert_array_equal(restorer.restore(tmp_path / "a.tif", facts={}, range=(low, high)), result)


def test_12_bits_stay_12_bits_and_what_lies_outside_may_stay_outside():
    picture = Range(0, 4095, whole=True)
    native = np.array([[[4000], [5000], [10]]], np.float32)
    result = picture.carry_back(native, picture.to_pixels(native) + np.float32([[[0.1], [0.1], [-0.1]]]))
    np.testing.assert_allclose(result[0, :, 0], [4095, 5409.5, 0], atol=0.01)
    floats = Range(0, 4095).carry_back(native, picture.to_pixels(native) + np.float32(0.1))
    np.testing.assert_allclose(floats, native + 409.5, atol=0.01)


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp"])
def test_a_format_that_cannot_hold_the_values_gets_black_to_white(ending, tmp_path):
    y = np.tile(np.linspace(-1000, 2060, 64).astype(np.int16), (16, 1))
    tifffile.imwrite(tmp_path / "a.tif", y, metadata=None)
    write_picture(tmp_path / f"b{ending}", read_picture(tmp_path / "a.tif", value_range=(-1000, 2060)), quality=100)
    result = to_array(read_picture(tmp_path / f"b{ending}"))[:, :, 0]
    assert result.min() <= 2 and result.max() >= np.iinfo(result.dtype).max - 2


def test_a_format_that_holds_the_values_keeps_them(tmp_path):
    y = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    Image.fromarray(y).save(tmp_path / "a.png")
    write_picture(tmp_path / "b.png", read_picture(tmp_path / "a.png", value_range=(0, 4095)))
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "b.png")), y)


@pytest.mark.parametrize("depth", ["int8", "int16", "int32", "uint32"])
def test_a_type_without_a_white_of_its_own_needs_a_range(depth, restorer):
    with pytest.raises(ImageError, match=f"{depth}, which has no white of its own: say which range") as caught:
        restorer.restore(np.zeros((8, 8), depth))
    assert caught.value.option == "range"


@pytest.mark.parametrize("depth", ["int64", "uint64", "bool", "complex64"])
def test_a_type_that_is_no_picture_names_those_that_are(depth, restorer):
    with pytest.raises(ImageError, match=f"an array of {depth} is no picture; use uint8, uint16"):
        restorer.restore(np.zeros((8, 8), depth), range=(0, 1))


def test_the_command_line_takes_the_range_too(tmp_path, rng, make_model):
    y = values(rng, "int16", -1000, 2060)
    tifffile.imwrite(tmp_path / "a.tif", y, metadata=None)
    model = make_model(depth=4, width=2, channels=3, mask=True, stride=2)
    call = ["denoise", str(tmp_path / "a.tif"), "--model", str(model), "--json"]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 1 and "which range its values have, from black to white (--range)" in done.output
    done = CliRunner().invoke(app, [*call, "--range", "-1000,2060"])
    assert done.exit_code == 0, done.output
    assert tifffile.imread(tmp_path / "a-denoised.tif").dtype == np.int16


HINTS = [
    ("uint16", None, lambda x: x * 4095, r"from .* to 40\d\d.*, and black is 0 and white 65535"),  # 12 bits in 16
    ("uint16", None, lambda x: x * 16383, "white 65535"),  # 14 bits in 16
    ("uint16", None, lambda x: 30_000 + x * 3000, "from 300"),  # an offset
    ("uint16", (0, 4095), lambda x: x * 4095, ""),
    ("uint16", (0, 65535), lambda x: x * 4095, "white 65535"),
    ("uint16", None, lambda x: x * 65535, ""),
    ("uint8", None, lambda x: 100 + x * 40, ""),  # fog
    ("uint8", (0, 1000), lambda x: x * 200, "white 1000"),
    ("float32", None, lambda x: x - 0.4, "below black are raised"),
    ("float32", None, lambda x: x * 6, "far above white stay as they are"),
    ("float32", (0, 6), lambda x: x * 6, ""),
    ("int16", (-1000, 2060), lambda x: x * 3060 - 1000, ""),
    ("float32", None, lambda x: 0 * x + 0.3, ""),  # of one value, nothing can be told
]


@pytest.mark.parametrize(("depth", "limits", "make", "words"), HINTS)
def test_values_that_do_not_suit_their_range_are_told(depth, limits, make, words, tmp_path, restorer, caplog):
    x = np.linspace(0, 1, 64)[None].repeat(64, axis=0)
    y = make(x).astype(depth)
    tifffile.imwrite(tmp_path / "a.tif", y, metadata=None)
    said = inspect_file(tmp_path / "a.tif", value_range=limits).words
    with caplog.at_level(logging.WARNING):
        restorer.restore(y, facts={}, range=limits)
    told = [*caplog.messages]
    told += run_task(tmp_path / "a.tif", tmp_path / "b.tif", restorer, BLIND, range=limits).report.warnings
    if not words:
        assert "range" not in said and not told
        return
    assert len(told) == 2
    for sentence in (said, *told):
        assert "say which range" in sentence and re.search(words, sentence)


@pytest.mark.parametrize("sigma", [5, 25, 50])
def test_noise_around_black_is_no_reason_to_ask_for_a_range(sigma, rng):
    y = (0.5 + rng.normal(0, 0.2, (400, 400, 1))).clip(0, 1).astype(np.float32)
    y[:200] = 0
    y += rng.normal(0, sigma / 255, y.shape).astype(np.float32)
    assert range_hint(lambda: y, "float32", None) == ""


def test_all_pages_must_be_clean_to_be_skipped(tmp_path, rng, restorer, photo):
    clean = np.rint(255 * photo.mean(axis=2)).astype(np.uint8)
    noisy = (clean + rng.normal(0, 25, clean.shape)).clip(0, 255).astype(np.uint8)
    for name, pages, skipped in (
        ("a", [clean, clean], True),
        ("b", [clean, noisy], False),
        ("c", [noisy, clean], False),
    ):
        tifffile.imwrite(tmp_path / f"{name}.tif", np.stack(pages), metadata=None, photometric="minisblack")
        assert PictureFile(tmp_path / f"{name}.tif").pages == 2
        task = run_task(tmp_path / f"{name}.tif", tmp_path / f"{name}-out.tif", restorer, BLIND, skip_clean=True)
        assert task.skipped is skipped
        assert (tmp_path / f"{name}-out.tif").exists() is not skipped


@pytest.mark.parametrize(
    ("depth", "mark"), [("int16", -9999), ("float32", np.nan), ("float32", -9999), ("uint16", 65535)]
)
def test_what_stands_in_missing_pixels_does_not_speak_against_the_range(depth, mark, tmp_path, restorer, caplog, rng):
    y = (1000 + 2000 * rng.random((64, 64))).astype(depth)
    mask = np.zeros(y.shape, bool)
    mask[:20] = True
    y[mask] = mark
    with caplog.at_level(logging.WARNING):
        restorer.restore(y, mask=mask, range=(1000, 3000))
        assert not caplog.messages
        restorer.restore(y, mask=mask, range=(2900, 9000))
    assert "say which range" in caplog.text
    if not np.isnan(mark):
        tifffile.imwrite(tmp_path / "a.tif", y, metadata=None)
        task = Inpaint(mask=mask)
        assert not run_task(tmp_path / "a.tif", tmp_path / "b.tif", restorer, task, range=(1000, 3000)).report.warnings
        told = run_task(tmp_path / "a.tif", tmp_path / "c.tif", restorer, task, range=(2900, 9000)).report.warnings
        assert len(told) == 1 and "say which range" in told[0]


@pytest.mark.parametrize(("depth", "mark"), [("float32", -3.4e38), ("float64", -1.79e308), ("int32", -(2**31))])
def test_marks_of_missing_values_far_beyond_the_range_stay_and_disturb_nothing(depth, mark, restorer, rng):
    y = (
        (rng.random((32, 40)) * 0.5).astype(depth)
        if depth.startswith("f")
        else rng.integers(0, 2, (32, 40)).astype(depth)
    )
    y[5, 5] = y[20:22, 3:9] = mark
    limits = (0, 0.5) if depth.startswith("f") else (0, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for image in (y, -y if depth.startswith("f") else y):
            result = restorer.restore(image, range=limits, facts={})
            np.testing.assert_array_equal(result[y == mark], image[y == mark])
            restorer.restore(image, range=limits)


@pytest.mark.parametrize("depth", ["uint8", "uint16", "float32", "float64", "int16", "int32", "uint32"])
def test_transparency_of_every_type_keeps_every_bit(depth, restorer, rng):
    limits = None if depth in ("uint8", "uint16", "float32", "float64") else (0, 100)
    if depth.startswith("float"):
        y = rng.random((9, 7, 4)).astype(depth)
    else:
        y = rng.integers(0, np.iinfo(depth).max, (9, 7, 4), depth, endpoint=True)
    np.testing.assert_array_equal(restorer.restore(y, facts={}, range=limits)[:, :, 3], y[:, :, 3])
