import numpy as np
import pytest

from rednet.classical.filling import fill_missing
from rednet.degradations import MissingPixels

FLAT = np.full((256, 256, 1), 0.5, np.float32)


@pytest.mark.parametrize("shape", ["random", "text", "scratches"])
def test_missing_pixels_are_filled_where_the_mask_says_and_untouched_elsewhere(photo, rng, shape):
    y, facts, mask = MissingPixels(shape, 0.2)(photo, rng)[:3]
    assert np.array_equal(y, fill_missing(np.where(mask[:, :, None], np.float32(9), photo), mask))
    assert np.array_equal(y[~mask], photo[~mask])
    assert 0.1 < mask.mean() < 0.6 and facts == {}


def test_random_pixels_are_lost_at_their_share(rng):
    mask = MissingPixels("random", 0.8)(FLAT, rng).mask
    error = 5 * np.sqrt(0.8 * 0.2 / mask.size)
    assert abs(mask.mean() - 0.8) < error and abs(mask.mean() - 0.81) > error
