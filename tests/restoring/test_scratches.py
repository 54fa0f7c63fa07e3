import math

import numpy as np
import pytest

from rednet.images import read_picture
from rednet.restoring.scratches import CONTRAST, DIRECTIONS, LENGTH, MARGIN, UNBROKEN, WIDEST, find_scratches

from ..conftest import PHOTOS


def scratched(background, value, rows, columns):
    x = np.full((100, 120, 3), background, np.float32)
    x[rows, columns] = value
    return x


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (slice(48, 51), slice(10, 90)),
        (slice(10, 90), slice(60, 61)),
        (np.arange(20, 80), np.arange(20, 80)),
    ],
)
def test_a_thin_long_line_is_found_with_its_border_and_nothing_else(value, rows, columns):
    x = scratched(0.5, value, rows, columns)
    drawn = x[:, :, 0] != 0.5
    found = find_scratches(x)
    assert (found & drawn).sum() >= 0.9 * drawn.sum()
    around = np.zeros_like(drawn)
    for row, column in np.argwhere(drawn):
        around[max(0, row - MARGIN) : row + MARGIN + 1, max(0, column - MARGIN) : column + MARGIN + 1] = True
    assert not (found & ~around).any()


def test_what_is_short_wide_or_faint_is_no_scratch(rng):
    assert not find_scratches(scratched(0.5, 1, slice(50, 52), slice(50, 50 + LENGTH // 2))).any()
    assert not find_scratches(scratched(0.5, 1, slice(30, 60), slice(20, 100))).any()
    assert not find_scratches(scratched(0.5, 0.55, slice(50, 52), slice(20, 100))).any()
    assert find_scratches(0.5 + 0.1 * rng.standard_normal((100, 120, 1)).astype(np.float32)).mean() < 0.001


def by_definition(pixels):
    """The same pixel by pixel, with an index for each look: slow, and as plain as the words."""

    def moved(x, direction, step):
        rows, columns = (
            np.clip(np.arange(size) + round(step * part), 0, size - 1)
            for size, part in zip(x.shape, direction, strict=True)
        )
        return x[rows[:, None], columns]

    gray = pixels.mean(axis=2)
    found = np.zeros(gray.shape, bool)
    steps = range(-(LENGTH // 2), LENGTH // 2 + 1)
    for direction in range(DIRECTIONS):
        angle = math.pi * direction / DIRECTIONS
        along, across = (math.sin(angle), math.cos(angle)), (math.cos(angle), -math.sin(angle))
        sides = [moved(gray, across, step) for step in (-WIDEST, WIDEST)]
        for ridge in (gray - np.maximum(*sides), np.minimum(*sides) - gray):
            marked = ridge > CONTRAST
            centres = np.mean([moved(marked, along, step) for step in steps], axis=0) >= UNBROKEN
            found |= np.any([moved(centres, along, step) for step in steps], axis=0) & marked
    for direction in ((1, 0), (0, 1)):
        found = np.any([moved(found, direction, step) for step in range(-MARGIN, MARGIN + 1)], axis=0)
    return found


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 90, 1), (100, 7, 3), (61, 64, 3)])
@pytest.mark.parametrize("block", [1, 700, 1 << 18])
def test_slices_find_what_the_definition_finds(shape, block, rng, monkeypatch):
    monkeypatch.setattr("rednet.restoring.scratches.BLOCK", block)
    x = (0.5 + 0.02 * rng.standard_normal(shape)).astype(np.float32)
    x[shape[0] // 2 :: 19] += 0.4  # lines that reach the border
    x[:, shape[1] // 3 :: 23] -= 0.4
    expected = by_definition(x)
    np.testing.assert_array_equal(find_scratches(x), expected)
    assert expected.any() == (max(shape) > LENGTH) or shape == (1, 1, 1)


def test_slices_find_what_the_definition_finds_in_a_photograph():
    x = read_picture(PHOTOS / "chelsea.png").pixels[:150, :170]
    expected = by_definition(x)
    np.testing.assert_array_equal(find_scratches(x), expected)
    assert 0.01 < expected.mean() < 0.2
