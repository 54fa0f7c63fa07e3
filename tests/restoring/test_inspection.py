import numpy as np
import pytest
from PIL import Image

from rednet.classical.metrics import psnr
from rednet.degradations import GaussianNoise
from rednet.images import read_picture
from rednet.restoring.inspection import (
    GRID_TRACES,
    NOISY_SIGMA,
    SAMPLE_PIXELS,
    estimate_sigma,
    grid_strength,
    inspect,
    inspect_file,
    jpeg_quality,
    sampled_rows,
)
from rednet.restoring.restorer import Restorer

from ..conftest import PHOTOS


@pytest.mark.parametrize("sigma", [5, 15, 25, 50])
def test_sigma_of_noise_on_a_flat_picture_is_found(sigma, rng):
    y = GaussianNoise(sigma)(np.full((200, 200, 3), 0.5, np.float32), rng).y
    assert estimate_sigma(y) == pytest.approx(sigma, rel=0.08)


@pytest.mark.parametrize("name", ["chelsea.png", "coffee.png", "astronaut.png", "rocket.jpg"])
def test_noise_on_a_photograph_is_found_and_a_clean_one_is_called_clean(name, rng):
    x = read_picture(PHOTOS / name).pixels
    assert estimate_sigma(x) < NOISY_SIGMA
    for sigma in (10, 25):
        assert estimate_sigma(GaussianNoise(sigma)(x, rng).y) == pytest.approx(sigma, rel=0.25)


def test_a_texture_all_over_is_not_taken_for_strong_noise():
    """A weave of 3 px, the hardest thing to tell from noise that still has flat places."""
    x = np.zeros((96, 96, 1), np.float32) + 0.5
    x[:, ::3] += 0.2
    x[::3] -= 0.2
    x[:, 40:70] = 0.6
    assert estimate_sigma(x) < NOISY_SIGMA


DAMAGE = [(0, 30), (0, 70), (0, 90), (4, 80), (15, 50), (15, 70), (15, 90), (25, 30), (25, 50), (25, 80), (25, 95)]


def test_what_is_told_of_noise_under_jpeg_is_what_restores_it_best(rng, tmp_path):
    """In decibels lost against the best of telling the quality, the noise, both or nothing."""
    restorer, path = Restorer.from_pretrained(), tmp_path / "a.jpg"
    lost = {}
    for name in ("astronaut.png", "chelsea.png", "coffee.png"):
        x = read_picture(PHOTOS / name).pixels[40:184, 120:264]
        for sigma, quality in DAMAGE:
            noisy = GaussianNoise(sigma, clip=True)(x, rng).y
            Image.fromarray((noisy * 255).round().astype(np.uint8)).save(path, quality=quality)
            y = read_picture(path).pixels
            found = inspect(y, path).facts
            choices = [{"quality": float(quality)}, {"sigma": None}, {"quality": float(quality), "sigma": None}, {}]
            gains = [psnr(x, (y + restorer.residual(y, facts)).clip(0, 1)) for facts in choices]
            lost[name, sigma, quality] = max(gains) - gains[choices.index(found)]
    worst = max(lost, key=lost.get)
    assert lost[worst] < 0.4, f"{worst} loses {lost[worst]:.2f} dB"
    assert np.mean([*lost.values()]) < 0.08


def test_a_picture_of_one_pixel_and_a_white_one_have_no_noise():
    assert estimate_sigma(np.zeros((1, 1, 3), np.float32)) == 0
    assert estimate_sigma(np.ones((64, 64, 3), np.float32)) == 0


@pytest.mark.parametrize("quality", [1, 10, 30, 50, 75, 95, 100])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_the_tables_of_a_jpeg_tell_its_quality(quality, mode, tmp_path):
    path = tmp_path / "a.jpg"
    Image.new(mode, (20, 20)).save(path, quality=quality)
    assert jpeg_quality(path) == quality


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xdb\x00\x43",
        b"\xff\xd8\xff\xdb\x00\x02",
        b"\xff\xd8\xff\xdb\x00\x09\x10abcdef",
        b"\x89PNG\r\n",
        b"\xff\xd8" + b"\xff" * 99,
    ],
)
def test_what_is_no_whole_jpeg_has_no_quality(content, tmp_path):
    (tmp_path / "a").write_bytes(content)
    assert jpeg_quality(tmp_path / "a") is None


def test_restore_says_compression_noise_or_neither(tmp_path, rng):
    photo = read_picture(PHOTOS / "coffee.png").pixels
    path = tmp_path / "a.jpg"
    Image.fromarray((photo * 255).astype(np.uint8)).save(path, quality=30)
    assert "quality 30" in inspect(photo, path).words
    assert "noise of about sigma" in inspect(GaussianNoise(25)(photo, rng).y).words
    assert "blindly" in inspect(photo).words


def test_a_picture_that_was_once_a_jpeg_shows_its_grid_and_a_clean_one_does_not(tmp_path):
    for name in ("chelsea.png", "coffee.png", "astronaut.png"):
        x = read_picture(PHOTOS / name).pixels
        halved = x[: x.shape[0] // 2 * 2, : x.shape[1] // 2 * 2]
        halved = (halved[::2, ::2] + halved[1::2, ::2] + halved[::2, 1::2] + halved[1::2, 1::2]) / 4  # no traces left
        assert grid_strength(halved) < GRID_TRACES
        Image.fromarray((halved * 255).astype(np.uint8)).save(tmp_path / "a.jpg", quality=60)
        Image.open(tmp_path / "a.jpg").save(tmp_path / "b.png")
        resaved = read_picture(tmp_path / "b.png").pixels
        assert grid_strength(resaved) > GRID_TRACES
        assert grid_strength(resaved[3:, 3:]) < grid_strength(resaved)  # the grid is elsewhere then
        assert inspect(resaved, tmp_path / "b.png").facts in ({"quality": None}, {"sigma": None})


def test_of_a_large_picture_rows_all_over_it_are_looked_at():
    rows = list(sampled_rows(40_000, 5_000))
    assert sum(part.stop - part.start for part in rows) * 5_000 <= SAMPLE_PIXELS
    assert rows[0].start == 0 and rows[-1].stop == 40_000
    assert all(part.start % 16 == 0 for part in rows)
    assert list(sampled_rows(100, 100)) == [slice(0, 100)]


def test_where_the_parts_of_a_large_picture_meet_is_not_taken_for_the_grid_of_a_jpeg(rng, monkeypatch):
    monkeypatch.setattr("rednet.restoring.inspection.SAMPLE_PIXELS", 40_000)
    slopes = rng.normal(0, 0.002, (2000, 1)).cumsum(axis=0) + rng.normal(0, 0.002, (1, 200)).cumsum(axis=1)
    x = (0.5 + slopes + rng.normal(0, 0.002, (2000, 200)))[:, :, None].astype(np.float32)
    rows = np.concatenate([x[part] for part in sampled_rows(2000, 200)])
    assert rows.shape[0] < 200
    assert grid_strength(x) < GRID_TRACES
    assert grid_strength(rows) < GRID_TRACES
    assert grid_strength(rows[32:]) > GRID_TRACES  # the parts meet elsewhere then: they do differ


def test_a_file_is_inspected_as_its_pixels_are(tmp_path, rng):
    photo = read_picture(PHOTOS / "coffee.png").pixels
    y = GaussianNoise(25, clip=True)(photo, rng).y
    Image.fromarray((y * 255).astype(np.uint8)).save(tmp_path / "a.png")
    facts = inspect_file(tmp_path / "a.png")
    assert (facts.kind, facts.channels, facts.depth, facts.clean) == ("PNG", 3, "uint8", False)
    assert facts.sigma == pytest.approx(25, rel=0.25) and "denoising" in str(facts)
