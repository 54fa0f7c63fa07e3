import numpy as np
import pytest

from rednet.classical.masks import MASK_SHAPES, from_picture, of_colour
from rednet.errors import OptionError


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


def test_what_is_white_in_a_picture_is_missing_unless_it_is_transparent():
    levels = np.array([[[1], [1], [0.4], [0]]], np.float32)
    alpha = np.array([[[1], [0], [1], [1]]], np.float32)
    assert from_picture(levels).tolist() == [[True, True, False, False]]
    assert from_picture(levels, alpha).tolist() == [[True, False, False, False]]


@pytest.mark.parametrize("shape", MASK_SHAPES)
def test_true_is_one_in_memory_as_compiled_code_expects(shape):
    mask = MASK_SHAPES[shape](30, 40, 0.2, np.random.default_rng(0))
    assert mask.shape == (30, 40) and mask.view(np.uint8).max() == 1
