import numpy as np
import pytest

from rednet.classical.resize import imresize
from rednet.degradations import JPEG, Scaling


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_scaling_keeps_the_size_and_is_down_and_up(photo, rng, scale):
    y = Scaling(scale)(photo, rng).y
    assert y.shape == photo.shape
    expected = imresize(imresize(photo, 1 / scale), scale)[: photo.shape[0], : photo.shape[1]]
    assert np.array_equal(y, expected)


def test_a_small_picture_can_be_damaged_before_it_is_enlarged(photo, rng):
    y, facts, *_ = Scaling(2, small=JPEG(20))(photo, rng)
    small = JPEG(20)(imresize(photo, 1 / 2), rng).y
    np.testing.assert_array_equal(y, imresize(small, 2)[:96, :80])
    assert facts == {"quality": 20.0, "scale": 2.0}
