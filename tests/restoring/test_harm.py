"""No verb hands back a picture that is clearly worse than what it got, unless it says so."""

import io
import logging

import numpy as np
import pytest
from PIL import Image

import rednet
from rednet.classical.kernels import camera_shake, parse_kernel
from rednet.classical.metrics import psnr
from rednet.degradations import Blur
from rednet.errors import OptionError
from rednet.files.file import FileTask
from rednet.files.handling import Handling
from rednet.images import read_picture
from rednet.restoring.tasks import Denoise, Upscale
from rednet.training.drawings import Drawings
from rednet.warning import heard

from ..conftest import PHOTOS

WORST = -1.0  # dB; what is lost without a warning
SHAKES = [camera_shake(15, np.random.default_rng(seed)) for seed in (1, 2, 3)]
SHARP = np.ones((1, 1))
WRONG = [
    *((f"disk:{told}", f"disk:{true}") for true, told in ((3, 4), (3, 5), (3, 3.6), (2, 3), (5, 6.5), (5, 8))),
    *((f"disk:{told}", SHARP) for told in (1.5, 2, 3, 6)),
    *((f"gaussian:{told}", f"gaussian:{true}") for true, told in ((1, 1.6), (1.5, 2.5), (2, 3.5), (3, 5))),
    *((f"gaussian:{told}", SHARP) for told in (0.8, 1.5, 3)),
    *((f"motion:{told}", "motion:15,30") for told in ("15,75", "15,-30", "15,50", "20,30", "25,30")),
    *((f"motion:{told}", SHARP) for told in ("7,0", "15,45")),
    *((told, "motion:9,0") for told in ("motion:9,90", "disk:4")),
    *((told, "disk:4") for told in ("motion:11,20", "gaussian:3.5")),
    *((SHAKES[told], SHAKES[true]) for told, true in ((0, 1), (1, 0), (2, 0), (0, 2))),
    *((shake[::-1, ::-1], shake) for shake in SHAKES),
    *((np.rot90(shake), shake) for shake in SHAKES),
    *((shake, SHARP) for shake in SHAKES[:2]),
]
RIGHT = ["disk:1.5", "disk:3", "disk:5", "gaussian:1", "gaussian:2", "motion:15,30", *SHAKES]


def kernel_of(said):
    return parse_kernel(said) if isinstance(said, str) else said


@pytest.fixture(scope="module")
def photos():
    return [read_picture(PHOTOS / name).pixels[60:200, 180:320] for name in ("coffee.png", "chelsea.png")]


def levels_of(x):
    return np.rint(x.clip(0, 1) * 255).astype(np.uint8)


def gain(x, y, x_hat):
    """Return by how many dB a picture of 8 bits is nearer to the truth than the one it was made of."""
    return psnr(x * 255, x_hat, data_range=255) - psnr(x * 255, y, data_range=255)


def test_there_are_forty_wrong_kernels():
    assert len(WRONG) >= 40


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_a_wrong_kernel_does_no_harm_without_a_word(photos, number):
    told, true = map(kernel_of, WRONG[number])
    x, noise = photos[number % 2], (1.0, 2.55, 5.0)[number % 3]
    y = levels_of(Blur(true, noise)(x, np.random.default_rng(number)).y)
    with heard([]) as sentences:
        x_hat = rednet.deblur(y, told)
    assert sentences or gain(x, y, x_hat) > WORST
    if sentences and "does not fit" in sentences[0]:
        assert np.array_equal(x_hat, y)


@pytest.mark.parametrize("number", range(len(RIGHT)))
def test_a_right_kernel_is_not_doubted(photos, number):
    kernel = kernel_of(RIGHT[number])
    for x, noise in zip(photos, (1.0, 2.55), strict=True):
        y = levels_of(Blur(kernel, noise)(x, np.random.default_rng(number)).y)
        with heard([]) as sentences:
            x_hat = rednet.deblur(y, kernel)
        assert not sentences and gain(x, y, x_hat) > 1


def test_whoever_trusts_a_kernel_gets_what_it_gives(photos, caplog):
    y = levels_of(Blur(kernel_of("disk:3"), 1.0)(photos[0], np.random.default_rng(0)).y)
    with caplog.at_level(logging.WARNING):
        harmed = rednet.deblur(y, "disk:5", trust_kernel=True)
        assert gain(photos[0], y, harmed) < 2 * WORST and not caplog.records  # or the test above could not fail
        assert np.array_equal(rednet.deblur(y, "disk:5"), y) and "does not fit" in caplog.text


@pytest.mark.parametrize("peak", [600, 3000, 60000])
@pytest.mark.parametrize("kernel", ["gaussian:2.5", "disk:4", "motion:11,20"])
def test_a_light_that_is_too_bright_gets_no_black_ring(kernel, peak):
    """The sky is 10 of 255; where a pixel is clipped, no linear inverse knows what was there."""
    sky = np.full((96, 96, 1), 10 / 255, np.float32)
    sky[48, 48] = 40 * peak / 255
    y = levels_of(Blur(parse_kernel(kernel), 0)(sky, np.random.default_rng(0)).y + np.random.default_rng(1).normal(
        0, 1 / 255, sky.shape))[:, :, 0]  # fmt: skip
    assert (y == 255).any()
    x_hat = rednet.deblur(y, kernel)
    assert x_hat[48, 48] > 200 and (x_hat < 3).sum() == 0


def test_a_kernel_picture_with_a_gray_background_is_refused(tmp_path):
    picture = np.pad(SHAKES[0] / SHAKES[0].max(), 4)
    for background in (0.05, 0.1, 0.3):
        Image.fromarray(levels_of(np.maximum(picture, background))).save(tmp_path / "kernel.png")
        with pytest.raises(OptionError, match="gray background"):
            rednet.deblur(np.zeros((64, 64), np.uint8), tmp_path / "kernel.png")
    Image.fromarray(levels_of(picture)).save(tmp_path / "kernel.png")
    rednet.deblur(np.zeros((64, 64), np.uint8), tmp_path / "kernel.png")
    rednet.deblur(np.zeros((64, 64), np.uint8), np.ones((9, 9)))  # a box has no background


CONTRADICTED = [
    *(
        ("sigma", noise, told)
        for noise, told in ((0, 5), (0, 25), (0, 75), (1, 5), (3, 50), (5, 25), (10, 25), (10, 1))
    ),
    *(("quality", quality, told) for quality, told in ((None, 10), (None, 50), (None, None), (90, 10), (40, 95))),
    *(("noise_sigma", noise, told) for noise, told in ((0, 25), (1, 8), (10, 1), (10, 40))),
    *(("scale", noise, told) for noise, told in ((25, 2), (25, 3), (25, 4))),
]
RIGHTLY_TOLD = [
    *(("sigma", noise, noise) for noise in (10, 25, 50)),
    *(("quality", quality, told) for quality in (10, 40, 75) for told in (quality, None)),
    *(("noise_sigma", noise, noise) for noise in (1, 5)),
    *(("scale", noise, 2) for noise in (0, 1)),
]


def compressed(levels, quality):
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def run_told(x, option, true, told):
    """Restore a picture of a kind of damage, and return what the warnings say."""
    rng = np.random.default_rng(0)
    with heard([]) as sentences:
        if option == "quality":
            rednet.dejpeg(levels_of(x) if true is None else compressed(levels_of(x), true), quality=told)
        elif option == "noise_sigma":
            rednet.deblur(levels_of(Blur(parse_kernel("disk:2"), true)(x, rng).y), "disk:2", sigma=told)
        else:
            y = levels_of(x + rng.normal(0, true / 255, x.shape))
            rednet.denoise(y, sigma=told) if option == "sigma" else rednet.upscale(y, scale=told)
    return "; ".join(sentences)


@pytest.mark.parametrize(("option", "true", "told"), CONTRADICTED)
def test_what_the_picture_contradicts_is_told(photos, option, true, told):
    said = run_told(photos[1], option, true, told)
    assert "the picture shows" in said and (told is None or option == "scale" or f"given as {told}, but" in said)


@pytest.mark.parametrize(("option", "true", "told"), RIGHTLY_TOLD)
def test_what_the_picture_shows_is_told_without_a_warning(photos, option, true, told):
    assert not run_told(photos[1], option, true, told)


@pytest.mark.parametrize("option", ["sigma", "scale"])
def test_a_large_picture_is_warned_of_like_a_small_one(tmp_path, photos, option):
    """Large pictures are restored in rows, and only some of them are looked at."""
    large = np.tile(levels_of(photos[0] + np.random.default_rng(0).normal(0, 25 / 255, photos[0].shape)), (5, 15, 1))
    Image.fromarray(large).save(tmp_path / "large.png")
    task = Denoise(sigma=3) if option == "sigma" else Upscale(scale=2)
    with heard([]) as sentences:
        file = FileTask(tmp_path / "large.png", tmp_path / "out.png", task, Handling())
        file.look()
        file.close()
    assert "the picture shows noise" in sentences[0]


def test_pictures_of_noise_that_nobody_told_are_not_doubted(photos):
    noisy = levels_of(photos[1] + np.random.default_rng(0).normal(0, 15 / 255, photos[1].shape))
    for picture, warned in ((noisy, False), (levels_of(photos[1]), True)):
        with heard([]) as sentences:
            rednet.denoise(picture)
        assert bool(sentences) == warned


def test_a_drawing_that_loses_by_the_repair_of_a_fine_jpeg_is_warned_of(photos, tmp_path):
    drawings, file = Drawings(77, 160, 200, installed=False), tmp_path / "fine.jpg"
    worst = 0.0
    for number in (*range(14), None):
        x = levels_of(photos[1]) if number is None else drawings[number]
        Image.fromarray(x).save(file, quality=75 if number is None else 90)
        with heard([]) as sentences:
            x_hat = rednet.dejpeg(file)
        gained = gain(x / 255, np.asarray(Image.open(file)), x_hat)
        worst = min(worst, gained)
        assert sentences or gained > WORST, (number, gained)
        assert number is not None or not sentences  # a photograph that is worth its repair
    assert worst < WORST


@pytest.mark.parametrize("quality", [95, 75])
def test_a_right_kernel_on_a_jpeg_is_never_refused(photos, tmp_path, quality):
    """The error of a JPEG is not white, so that no doubt about the kernel is certain."""
    for kernel in ("disk:3", "motion:15,30"):
        levels = levels_of(Blur(parse_kernel(kernel), 1.0)(photos[1], np.random.default_rng(0)).y)
        Image.fromarray(levels).save(tmp_path / "blurred.jpg", quality=quality)
        with heard([]) as sentences:
            x_hat = rednet.deblur(tmp_path / "blurred.jpg", kernel)
        assert gain(photos[1], np.asarray(Image.open(tmp_path / "blurred.jpg")), x_hat) > 0
        assert not any("does not fit" in sentence for sentence in sentences)


def test_a_mask_that_cannot_be_right_is_told(photos):
    marked = np.zeros(photos[0].shape[:2], bool)
    marked[40:60, 40:70] = True
    scattered = np.random.default_rng(0).random(marked.shape) < 0.8
    for mask, warned in ((marked, False), (~marked, True), (scattered, False)):
        with heard([]) as sentences:
            rednet.inpaint(levels_of(photos[0]), mask)
        assert any("invert the mask" in sentence for sentence in sentences) == warned
    for mask in (np.ones_like(marked), marked[:-1], marked[:, 1:], np.zeros((4, 4), bool), marked.T[:90]):
        with pytest.raises(OptionError):
            rednet.inpaint(levels_of(photos[0]), mask)
