import numpy as np
import pytest

from rednet.inference.scratches import LENGTH, MARGIN, find_scratches


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
