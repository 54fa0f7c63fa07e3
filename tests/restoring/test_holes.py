import logging
from pathlib import Path

import numpy as np
import pytest

from rednet.classical.filling import fill_missing
from rednet.classical.metrics import psnr
from rednet.images import read_picture
from rednet.restoring.holes import THIN, WIDE, eroded, fill_holes, halved, reach_inside
from rednet.restoring.restorer import Restorer

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"


def square(height, width, top, left, side):
    mask = np.zeros((height, width), bool)
    mask[top : top + side, left : left + side] = True
    return mask


def keep(guess, mask):
    """A network that changes nothing."""
    return guess


def test_thin_damage_takes_one_pass(photo):
    mask = square(96, 80, 30, 30, 2 * THIN)
    passes = []

    def network(guess, lost):
        passes.append(guess)
        return guess + 0.125

    x_hat = fill_holes(network, photo, mask)
    assert len(passes) == 1
    np.testing.assert_array_equal(passes[0], fill_missing(photo, mask))
    np.testing.assert_array_equal(x_hat[~mask], photo[~mask])
    np.testing.assert_array_equal(x_hat[mask], passes[0][mask] + 0.125)


def test_a_wide_hole_is_filled_from_coarse_to_fine(photo):
    sizes = []

    def network(guess, lost):
        sizes.append((guess.shape[:2], int(lost.sum())))
        return guess

    fill_holes(network, photo, square(96, 80, 24, 24, 32))
    assert sizes == [((12, 10), 16), ((24, 20), 64), ((48, 40), 256), ((96, 80), 1024)]


def test_coarse_to_fine_fills_wide_holes_better_than_one_pass():
    restorer = Restorer.from_pretrained("universal")
    x = read_picture(PHOTOS / "coffee.png").pixels[100:340, 200:440]
    mask = np.zeros(x.shape[:2], bool)
    for place in range(20, 220, 60):
        mask |= square(240, 240, place, 220 - place, 32) | square(240, 240, place, place, 32)

    def network(guess, lost):
        return guess + restorer.residual(guess, {}, lost)

    one_pass = np.where(mask[:, :, None], network(fill_missing(x, mask), mask), x)
    assert psnr(x, fill_holes(network, x, mask)) > psnr(x, one_pass) + 0.3


@pytest.mark.parametrize("junk", [0.3, 1e10, np.nan])
def test_what_lies_in_missing_pixels_does_not_matter(photo, junk):
    mask = square(96, 80, 10, 10, 40)
    other = np.where(mask[:, :, None], np.float32(junk), photo)
    np.testing.assert_array_equal(fill_holes(keep, photo, mask)[mask], fill_holes(keep, other, mask)[mask])


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (33, 47), (17, 16)])
@pytest.mark.parametrize("share", [0.0, 0.9, 1.0])
def test_any_size_and_any_share_goes_through(rng, shape, share):
    x, mask = rng.random((*shape, 3), np.float32), rng.random(shape) < share
    x_hat = fill_holes(keep, x, mask)
    assert x_hat.shape == x.shape and x_hat.dtype == np.float32 and np.isfinite(x_hat).all()
    np.testing.assert_array_equal(x_hat[~mask], x[~mask])


def test_halving_takes_the_mean_of_what_is_known():
    y = np.array([[1, 2, 9], [3, 9, 9]], np.float32)[:, :, None]
    mask = np.array([[False, False, True], [False, True, True]])
    small, lost = halved(y, mask)
    np.testing.assert_allclose(small[:, :, 0], [[2, 0]])
    np.testing.assert_array_equal(lost, [[False, True]])


def test_a_hole_is_as_deep_as_the_steps_to_what_is_known():
    mask = square(60, 60, 10, 10, 21)
    assert reach_inside(mask, 50) == 11 and reach_inside(mask, 5) == 5
    assert reach_inside(np.zeros((9, 9), bool), 50) == 0
    assert eroded(mask, 10).sum() == 1 and not eroded(mask, 11).any()
    corner = square(60, 60, 0, 0, 10)  # open to two sides only
    assert reach_inside(corner, 50) == 10


def test_a_hole_too_large_to_be_restored_is_told(photo, caplog):
    y = np.zeros((160, 160, 1), np.float32)
    with caplog.at_level(logging.WARNING):
        fill_holes(keep, y, square(160, 160, 20, 20, 2 * WIDE))
        assert not caplog.records
        fill_holes(keep, y, square(160, 160, 20, 20, 2 * WIDE + 2))
    assert "made up" in caplog.text


@pytest.mark.parametrize("steps", [0, 1, 2, 7, 40])
def test_erosion_looks_at_the_whole_window(steps, rng):
    mask = rng.random((31, 26)) < (0.98 if steps < 5 else 0.9995)
    padded = np.pad(mask, steps, constant_values=True)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * steps + 1,) * 2)
    np.testing.assert_array_equal(eroded(mask, steps), windows.all(axis=(2, 3)))
