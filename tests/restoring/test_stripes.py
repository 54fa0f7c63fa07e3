import numpy as np
import pytest

import rednet
from rednet.classical.metrics import psnr
from rednet.degradations import Banding
from rednet.images import from_array, read_picture
from rednet.restoring.finding import Finding
from rednet.restoring.restorer import Restorer
from rednet.restoring.stripes import REACH, STRONGEST, find_stripes
from rednet.restoring.tasks import Automatic

from ..conftest import PHOTOS


@pytest.fixture(scope="module")
def photograph():
    """A piece of a photograph with texture and edges."""
    return read_picture(PHOTOS / "chelsea.png").pixels[40:200, 100:292]


@pytest.mark.parametrize("lines", ["rows", "columns"])
@pytest.mark.parametrize("colour", [0.0, 1.0])
def test_stripes_are_found_and_most_of_them_removed(photograph, lines, colour):
    y = Banding(8, lines, colour)(photograph, np.random.default_rng(5)).y
    gained = psnr(photograph, y - find_stripes(y)) - psnr(photograph, y)
    assert gained > 4  # 4.2 to 5.7 dB in the mean of ten photographs, docs/lab-log.md


def test_a_picture_without_stripes_stays_as_it_is(photograph):
    assert 255 * np.abs(find_stripes(photograph)).max() < 1
    steps = np.zeros((80, 90, 3), np.float32)
    steps[40:] = steps[:, 30:] = 0.8  # edges as long as the picture
    np.testing.assert_array_equal(find_stripes(steps), 0)


def test_a_line_across_the_picture_is_no_stripe():
    x = np.full((60, 70, 1), 0.5, np.float32)
    x[30] += 2 * STRONGEST
    np.testing.assert_array_equal(find_stripes(x), 0)
    x[30] -= 1.5 * STRONGEST
    assert find_stripes(x)[30].mean() == pytest.approx(STRONGEST / 2, rel=0.1)


@pytest.mark.parametrize("shape", [(1, 1, 1), (2 * REACH, 300, 3), (300, 3, 1)])
def test_in_a_tiny_picture_no_stripes_are_found(shape, rng):
    assert not find_stripes(rng.random(shape, np.float32)).any()


def test_denoising_with_the_option_removes_stripes(photograph):
    y = Banding(8, "rows")(photograph, np.random.default_rng(5)).y
    levels = np.rint(y.clip(0, 1) * 255).astype(np.uint8)
    results = (rednet.denoise(levels, bands=bands) for bands in (False, True))
    plain, asked = (psnr(photograph * 255, x_hat, data_range=255) for x_hat in results)
    assert asked > plain + 3


def test_if_only_stripes_are_found_nothing_else_is_changed(photograph):
    y = Banding(8, "rows")(photograph, np.random.default_rng(5)).y.clip(0, 1)
    found = Finding({}, "", damage=("bands",), repair_only=True)
    restored = Restorer.from_pretrained(Automatic.model).compute(Automatic(), from_array(y), found=found)
    np.testing.assert_array_equal(restored.apply().pixels, y - find_stripes(y))
