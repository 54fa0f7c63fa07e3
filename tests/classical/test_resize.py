from fractions import Fraction

import numpy as np
import pytest

from rednet.classical.resize import imresize, taps
from rednet.errors import OptionError


def test_weights_for_half_size_are_the_stretched_cubic():
    """At scale 1/2 the kernel spans 8 px; its values at +-0.25, 0.75, 1.25, 1.75 by hand, from Keys' formula."""
    indices, weights = taps(8, 0.5)
    near = [1.5 * t**3 - 2.5 * t**2 + 1 for t in (0.25, 0.75)]
    far = [-0.5 * t**3 + 2.5 * t**2 - 4 * t + 2 for t in (1.25, 1.75)]
    half = np.array([far[1], far[0], near[1], near[0]]) / 2
    np.testing.assert_allclose(weights[1], [*half, *half[::-1]], atol=1e-12)
    assert indices[1].tolist() == [0, 0, 1, 2, 3, 4, 5, 6]


def test_weights_for_double_size_are_the_cubic_at_quarters():
    """Output pixel 4 lies at 1.75 of the input: distances 1.75, 0.75, 0.25, 1.25."""
    indices, weights = taps(8, 2)
    np.testing.assert_allclose(weights[4], [-0.0234375, 0.2265625, 0.8671875, -0.0703125], atol=1e-12)
    assert indices[4].tolist() == [0, 1, 2, 3]


def test_borders_are_symmetric():
    indices, _ = taps(4, 2)
    assert indices[0].tolist() == [1, 0, 0, 1]
    assert indices[7].tolist() == [2, 3, 3, 2]


@pytest.mark.parametrize("scale", [Fraction(1, 2), Fraction(1, 3), Fraction(1, 4), 2, 3, 4])
def test_a_flat_picture_stays_flat_and_the_size_is_rounded_up(scale):
    x = np.full((7, 10, 3), 0.3, np.float32)
    result = imresize(x, scale)
    assert result.shape == (-(-7 * Fraction(scale) // 1), -(-10 * Fraction(scale) // 1), 3)
    np.testing.assert_allclose(result, 0.3, atol=1e-6)


def test_a_ramp_stays_a_ramp_inside():
    x = np.tile(np.arange(24, dtype=np.float32)[None, :, None] / 24, (8, 1, 1))
    middle = imresize(x, 0.5)[2, 3:9, 0]
    np.testing.assert_allclose(np.diff(middle), 2 / 24, atol=1e-6)


def test_a_scale_of_zero_is_refused():
    with pytest.raises(OptionError, match="above 0"):
        imresize(np.zeros((4, 4, 1), np.float32), 0)
