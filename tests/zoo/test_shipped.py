"""The shipped networks, as they are shipped: whole, described truthfully, and good at every task they are for."""

import hashlib
import json

import numpy as np
import pytest

import rednet
from rednet.classical.kernels import gaussian
from rednet.classical.metrics import psnr
from rednet.classical.resize import imresize
from rednet.degradations import JPEG, Blur, FilmGrain, GaussianNoise, Impulses, MissingPixels
from rednet.images import read_picture
from rednet.restoring.restorer import find_model

from ..conftest import PHOTOS

SHIPPED = ("fast", "real", "universal")


@pytest.fixture(scope="module")
def coffee():
    return read_picture(PHOTOS / "coffee.png").pixels[60:300, 200:440]


def gain(x, y, x_hat):
    return psnr(x, x_hat.clip(0, 1)) - psnr(x, y.clip(0, 1))


@pytest.mark.parametrize("name", SHIPPED)
def test_the_card_names_the_hash_of_the_weights(name):
    folder = find_model(name)
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert digest in (folder / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", SHIPPED)
def test_the_network_takes_mask_and_hints_and_has_stride_2(name):
    config = json.loads((find_model(name) / "config.json").read_text())
    assert config["mask"] and config["stride"] == 2 and config["channels"] == 3
    assert config["hints"] == ["sigma", "quality", "scale", "deconvolved", *(["blur"] if name == "real" else [])]


@pytest.mark.parametrize(("sigma", "least"), [(15, 6.0), (25, 8.0), (50, 10.0)])
def test_noise_goes_whether_its_level_is_told_or_not(coffee, rng, sigma, least):
    y = GaussianNoise(sigma)(coffee, rng).y
    for told in (sigma, None):
        assert gain(coffee, y, rednet.denoise(y, sigma=told)) > least


def test_the_network_for_real_damage_is_better_at_it(coffee, rng):
    """Film grain and hot pixels, by 0.3 dB at least; what `universal` is for stays within 0.5 dB."""
    universal, real = (rednet.Restorer.from_pretrained(name) for name in ("universal", "real"))
    for damage, least in ((FilmGrain(15, size=1.2), 0.3), (Impulses(0.006), 0.3), (GaussianNoise(25), -0.5)):
        y, facts = damage(coffee, rng)[:2]
        told = dict.fromkeys(facts)
        before, after = (psnr(coffee, network.restore(y, facts=told).clip(0, 1)) for network in (universal, real))
        assert after - before > least, (damage, before, after)


def test_jpeg_artefacts_go(coffee, rng):
    y = JPEG(10)(coffee, rng).y
    assert gain(coffee, y, rednet.dejpeg(y)) > 0.5


@pytest.mark.parametrize(("scale", "least"), [(2, 1.0), (3, 0.5), (4, 0.3)])
def test_enlarged_pictures_beat_bicubic(coffee, scale, least):
    small = imresize(coffee, 1 / scale)
    assert gain(coffee, imresize(small, scale), rednet.upscale(small, scale=scale)) > least


@pytest.mark.parametrize(("shape", "share"), [("text", 0.1), ("random", 0.5)])
def test_missing_pixels_are_filled_better_than_by_their_neighbours_mean(coffee, rng, shape, share):
    from scipy.ndimage import gaussian_filter

    y, _, mask = MissingPixels(shape, share)(coffee, rng)[:3]
    known = (~mask[:, :, None]).astype(float)
    spread = lambda v: gaussian_filter(v, (2, 2, 0))  # noqa: E731
    neighbours = np.where(mask[:, :, None], spread(y * known) / (spread(known) + 1e-6), y)
    assert gain(coffee, neighbours, rednet.inpaint(y, mask)) > 1.0


@pytest.mark.parametrize("engine", ["onnx", "torch"])
def test_every_engine_gives_the_same_picture(coffee, engine):
    facts = {"quality": 20.0}
    expected = rednet.Restorer.from_pretrained(engine="ncnn").restore(coffee, facts=facts)
    np.testing.assert_allclose(
        rednet.Restorer.from_pretrained(engine=engine).restore(coffee, facts=facts), expected, rtol=0, atol=1e-5
    )


def test_a_clean_picture_stays_clean(coffee):
    assert psnr(coffee, rednet.restore(coffee)) > 40


def test_fast_repairs_all_kinds_of_damage_too_and_a_little_less(coffee, rng):
    small, kernel = imresize(coffee, 1 / 2), gaussian(1.6)
    noisy, coarse, blurred = (kind(coffee, rng).y for kind in (GaussianNoise(25), JPEG(10), Blur(kernel, 2.55)))
    lost, _, mask = MissingPixels("random", 0.5)(coffee, rng)[:3]
    fast, universal = (
        (
            gain(coffee, noisy, restorer.restore(noisy, facts={"sigma": None})),
            gain(coffee, coarse, restorer.restore(coarse, facts={"quality": None})),
            gain(coffee, imresize(small, 2), restorer.upscale(small, 2)),
            gain(coffee, blurred, restorer.deblur(blurred, kernel)),
            gain(coffee, lost, restorer.restore(lost, facts={}, mask=mask)),
        )
        for restorer in map(rednet.Restorer.from_pretrained, ("fast", "universal"))
    )
    for one, other in zip(fast, universal, strict=True):
        assert 0.5 * other < one < other + 0.1


def test_the_right_verb_is_better_than_another(coffee, rng):
    noisy, coarse = GaussianNoise(25)(coffee, rng).y, JPEG(10)(coffee, rng).y
    assert gain(coffee, noisy, rednet.denoise(noisy)) > gain(coffee, noisy, rednet.dejpeg(noisy)) + 0.5
    assert gain(coffee, coarse, rednet.dejpeg(coarse)) > gain(coffee, coarse, rednet.denoise(coarse)) + 0.2
