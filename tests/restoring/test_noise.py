import numpy as np
import pytest

from rednet.degradations import GaussianNoise
from rednet.images import read_picture
from rednet.restoring.noise import estimate_sigma

from ..conftest import PHOTOS

LITTLE = 8.0  # sigma; fine texture is taken for as much


@pytest.mark.parametrize("sigma", [5, 15, 25, 50])
def test_sigma_of_noise_on_a_flat_picture_is_found(sigma, rng):
    y = GaussianNoise(sigma)(np.full((200, 200, 3), 0.5, np.float32), rng).y
    assert estimate_sigma(y) == pytest.approx(sigma, rel=0.08)


@pytest.mark.parametrize("name", ["chelsea.png", "coffee.png", "astronaut.png", "rocket.jpg"])
def test_noise_on_a_photograph_is_found_and_little_on_a_clean_one(name, rng):
    x = read_picture(PHOTOS / name).pixels
    assert estimate_sigma(x) < LITTLE
    for sigma in (10, 25):
        assert estimate_sigma(GaussianNoise(sigma)(x, rng).y) == pytest.approx(sigma, rel=0.25)


def test_a_texture_all_over_is_not_taken_for_strong_noise():
    """A weave of 3 px, the hardest thing to tell from noise that still has flat places."""
    x = np.zeros((96, 96, 1), np.float32) + 0.5
    x[:, ::3] += 0.2
    x[::3] -= 0.2
    x[:, 40:70] = 0.6
    assert estimate_sigma(x) < LITTLE


def test_a_picture_of_one_pixel_and_a_white_one_have_no_noise():
    assert estimate_sigma(np.zeros((1, 1, 3), np.float32)) == 0
    assert estimate_sigma(np.ones((64, 64, 3), np.float32)) == 0
