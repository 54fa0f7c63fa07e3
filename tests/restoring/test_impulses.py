import numpy as np
import pytest
from PIL import Image

import rednet
from rednet.degradations import Impulses
from rednet.errors import OptionError
from rednet.files.file import FileTask
from rednet.files.handling import Handling
from rednet.images import from_array, read_picture
from rednet.restoring.impulses import find_impulses
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Automatic, Denoise

from ..conftest import PHOTOS


def levels(x):
    return np.rint(x.clip(0, 1) * 255).astype(np.uint8)


@pytest.fixture(scope="module")
def photograph():
    return read_picture(PHOTOS / "chelsea.png").pixels[:160, :200]


def field_of_stars(sigma, rng):
    """Draw stars as a lens shows them on a dark, noisy sky."""
    rows, columns = np.mgrid[:160, :160]
    sky = rng.normal(0.03, 0.01, rows.shape)
    for row, column, light in zip(*rng.uniform(0, 160, (2, 100)), rng.uniform(0.2, 1, 100), strict=True):
        sky += light * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * sigma**2))
    return np.float32(levels(sky)[:, :, None]) / 255


@pytest.mark.parametrize("channel", [0, 1, 2])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_single_pixels_and_pairs_are_found_in_each_channel_up_to_the_corners(value, channel):
    x = np.tile(np.linspace(0.3, 0.7, 30, dtype=np.float32)[:, None, None], (1, 40, 3))
    wrong = np.zeros((30, 40), bool)
    wrong[[0, 0, 29, 12, 20, 20, 8, 9], [0, 39, 17, 12, 30, 31, 5, 6]] = True
    x[wrong, channel] = value
    np.testing.assert_array_equal(find_impulses(x), wrong)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_what_is_larger_than_two_pixels_stays(value):
    x = np.full((60, 60, 1), 0.5, np.float32)
    x[5, 5:40] = x[10:50, 3] = x[52:54, 50:52] = x[30:, 45:] = value  # lines of one pixel, a dot, a corner
    x[np.arange(12, 30), np.arange(10, 28)] = value  # a line that slants
    assert not find_impulses(x).any()


@pytest.mark.parametrize("sigma", [0.8, 1.0, 1.5])
def test_stars_stay(sigma, rng):
    sky = field_of_stars(sigma, rng)
    assert find_impulses(sky).sum() <= 5  # of 100 stars
    hot = sky.copy()
    hot[::16, 5::16] = 1
    assert find_impulses(hot)[::16, 5::16].mean() > 0.9


def test_noise_is_no_impulse(photograph, rng):
    for sigma in (10, 25, 50):
        noisy = (photograph + rng.normal(0, sigma / 255, photograph.shape).astype(np.float32)).clip(0, 1)
        assert find_impulses(noisy).mean() < 0.003


def test_a_dark_picture_is_looked_at_in_its_own_range(photograph):
    y = Impulses(0.01, "hot")(photograph, np.random.default_rng(3)).y
    np.testing.assert_array_equal(find_impulses(y * np.float32(1 / 64)), find_impulses(y))


def test_across_the_border_of_a_texture_a_line_goes_on():
    x = np.full((20, 24, 1), 0.5, np.float32)
    x[8, 23] = x[8, :2] = 1  # three pixels round the border
    assert not find_impulses(x, repeats=True).any()
    assert find_impulses(x)[8, 23]


@pytest.mark.parametrize("shape", [(1, 1), (2, 9), (3, 3), (3, 50)])
def test_tiny_pictures_have_few_neighbours(shape):
    assert not find_impulses(np.full((*shape, 3), 0.5, np.float32)).any()


@pytest.mark.parametrize("kind", ["salt and pepper", "hot", "random"])
def test_denoising_with_the_option_leaves_hardly_an_impulse_and_far_less_error(kind, photograph):
    y = Impulses(0.01, kind)(photograph, np.random.default_rng(7)).y
    hit = np.abs(y - photograph).max(axis=2) > 60 / 255

    filled, plain = (np.float32(rednet.denoise(levels(y), impulse=asked)) / 255 - photograph for asked in (True, False))
    assert (np.abs(filled).max(axis=2)[hit] > 60 / 255).mean() < 0.05
    assert np.mean(filled**2) < 0.8 * np.mean(plain**2)


def test_a_picture_without_impulses_is_denoised_as_always():
    y = levels(np.tile(np.linspace(0.2, 0.8, 64)[:, None, None], (1, 48, 3)))
    np.testing.assert_array_equal(rednet.denoise(y, impulse=True), rednet.denoise(y))


def test_a_repair_alone_changes_nothing_but_the_wrong_pixels(photograph):
    y = levels(Impulses(0.02, "salt and pepper")(photograph, np.random.default_rng(7)).y)
    found = rednet.inspect(y)._replace(damage=("impulses",), repair_only=True)
    restored = Restorer.from_pretrained(Automatic.model).compute(Automatic(), from_array(y), found=found)
    changed = (restored.apply().pixels != from_array(y).pixels).any(axis=2)
    assert changed.any() and not (changed & ~find_impulses(from_array(y).pixels)).any()
    assert not restored.correction.any()


def test_restore_fills_the_impulses_that_it_finds(photograph, tmp_path, monkeypatch):
    y = levels(Impulses(0.02, "salt and pepper")(photograph, np.random.default_rng(7)).y)
    assert "impulses" in rednet.inspect(y).damage
    filled = rednet.restore(y)
    hit = np.abs(y / 255 - photograph).max(axis=2) > 60 / 255
    assert (np.abs(filled / 255 - photograph).max(axis=2)[hit] > 60 / 255).mean() < 0.05

    Image.fromarray(y).save(tmp_path / "y.png")
    monkeypatch.setattr("rednet.files.file.STREAM_FROM", 1e-6)  # megapixels
    for floats, whole in (((24, 11), True), ((10**9, 0), False)):
        monkeypatch.setattr("rednet.files.file.FILLING_FLOATS", floats)  # that a pixel takes
        file = FileTask(tmp_path / "y.png", tmp_path / f"{whole}.png", Automatic(), Handling())
        file.load()
        assert file.streamed is not whole
        assert any("wrong pixels" in sentence for sentence in file.report.warnings) is not whole
        file.restore(Restorer.from_pretrained(Automatic.model))
        file.save()
        file.close()
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "True.png")), filled)
    assert not np.array_equal(np.asarray(Image.open(tmp_path / "False.png")), filled)


def test_a_network_without_a_mask_restores_what_has_impulses_too(photograph, make_model, caplog):
    y = levels(Impulses(0.02, "salt and pepper")(photograph, np.random.default_rng(7)).y)
    restorer = Restorer.from_pretrained(make_model(depth=4, width=2, channels=3), threads=1)
    result, found = restorer.restore_and_explain(y, Automatic())
    assert "impulses" in found.damage and not np.array_equal(result, y)
    assert "this network takes no mask" in caplog.text
    with pytest.raises(OptionError, match="takes no mask"):  # who asks for it gets it, or a reason
        restorer.restore_image(y, Denoise(impulse=True))
