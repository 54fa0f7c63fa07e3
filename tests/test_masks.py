import numpy as np
import pytest

from rednet.errors import OptionError
from rednet.filling import fill_missing
from rednet.masks import of_colour


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


def test_a_colour_marks_its_pixels_within_the_tolerance():
    row = np.array([[[255, 0, 0], [250, 4, 0], [200, 0, 0]]], np.float32) / 255
    assert of_colour(row, "#ff0000").tolist() == [[True, False, False]]
    assert of_colour(row, "FF0000", 5).tolist() == [[True, True, False]]
    gray = np.array([[[16], [17]]], np.float32) / 255
    assert of_colour(gray, "#101010").tolist() == [[True, False]]


@pytest.mark.parametrize(("colour", "tolerance"), [("red", 0), ("#ff00", 0), ("#ff0000", -1), ("#ff0000", 300)])
def test_a_colour_that_is_none_is_refused(colour, tolerance):
    with pytest.raises(OptionError):
        of_colour(np.zeros((1, 1, 3), np.float32), colour, tolerance)
