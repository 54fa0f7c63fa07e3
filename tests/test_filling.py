import numpy as np
import pytest

from rednet.filling import fill_missing, nearest_means


def lost(height, width, *places):
    mask = np.zeros((height, width), bool)
    for place in places:
        mask[place] = True
    return mask


def test_a_lone_missing_pixel_becomes_the_mean_of_its_eight_neighbours():
    x = np.arange(25, dtype=np.float32).reshape(5, 5, 1)
    x[2, 2] = 1000
    assert fill_missing(x, lost(5, 5, (2, 2)))[2, 2, 0] == pytest.approx(12)
    x[1, 1] += 8
    assert fill_missing(x, lost(5, 5, (2, 2)))[2, 2, 0] == pytest.approx(13)


def test_the_square_grows_until_it_holds_three_known_pixels():
    x = np.zeros((1, 9, 1), np.float32)
    x[0, 0], x[0, 8] = 4, 8
    mask = lost(1, 9, (0, slice(1, 8)))
    assert fill_missing(x, mask)[0, :, 0] == pytest.approx([4, 6, 6, 6, 6, 6, 6, 6, 8])  # two is all there is


def test_known_pixels_stay_and_missing_ones_do_not_matter(rng):
    x = rng.random((20, 17, 3)).astype(np.float32)
    mask = rng.random((20, 17)) < 0.7
    filled = fill_missing(x, mask)
    assert np.array_equal(filled[~mask], x[~mask])
    assert np.array_equal(filled, fill_missing(np.where(mask[:, :, None], np.float32(7), x), mask))
    assert np.array_equal(filled, fill_missing(filled, mask))


def test_a_flat_picture_is_filled_flat_however_large_the_hole():
    x = np.full((70, 90, 3), 0.3, np.float32)
    np.testing.assert_allclose(fill_missing(x, lost(70, 90, (slice(0, 60), slice(5, 90)))), 0.3, atol=1e-6)


def test_a_picture_that_is_missing_altogether_becomes_gray():
    assert (fill_missing(np.zeros((3, 3, 1), np.float32), np.ones((3, 3), bool)) == 0.5).all()


def test_what_has_too_few_known_pixels_in_reach_is_left_out():
    known = np.zeros((1, 12, 2))
    known[0, 0] = (5, 1)
    unknown = known[:, :, 1] == 0
    found = [(columns.tolist(), means[:, 0].tolist()) for _, columns, means in nearest_means(known, unknown, 1, 4)]
    assert found == [([1], [5.0]), ([2], [5.0]), ([3, 4], [5.0, 5.0])]
