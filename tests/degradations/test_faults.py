import numpy as np
import pytest

from rednet.degradations import Banding, Impulses

CARD = np.full((256, 256, 3), 0.4, np.float32)


@pytest.mark.parametrize("value", ["salt and pepper", "hot", "random"])
def test_impulses_hit_their_share_and_leave_the_rest_as_it_is(value, rng):
    y, facts = Impulses(0.05, value)(CARD, rng)[:2]
    hit = (y != CARD).any(axis=2)
    error = 5 * np.sqrt(0.05 * 0.95 / hit.size)
    assert abs(hit.mean() - 0.05) < error < abs(hit.mean() - 0.06)
    assert facts == {"sigma": None} and y.min() >= 0 and y.max() <= 1 and (np.float32(0.4) == CARD).all()


def test_a_hot_pixel_is_brighter_in_one_channel(rng):
    y = Impulses(0.05)(CARD, rng).y
    changed = y != CARD
    assert set(changed.sum(axis=2).ravel()) == {0, 1}
    assert (y[changed] > 0.4 + 0.4 * 0.59).all() and changed.any(axis=(0, 1)).all()


def test_salt_is_white_and_pepper_is_black(rng):
    y = Impulses(0.05, "salt and pepper")(CARD, rng).y
    hit = y[(y != CARD).any(axis=2)]
    assert np.ptp(hit, axis=1).max() == 0
    assert set(np.unique(hit)) == {0.0, 1.0} and 0.4 < hit.mean() < 0.6


@pytest.mark.parametrize(("lines", "axis"), [("rows", 1), ("columns", 0)])
def test_a_band_is_one_offset_along_its_line(lines, axis, rng):
    bands = Banding(8, lines, colour=0)(CARD, rng).y - CARD
    assert np.ptp(bands, axis=axis).max() < 1e-6 < np.ptp(bands, axis=1 - axis).max()
    # 256 offsets: the sample's standard deviation is good to 4.4 %.
    assert 255 * bands.std() == pytest.approx(8, rel=0.22)
    assert np.ptp(bands, axis=2).max() < 1e-6


def test_bands_of_colour_differ_from_channel_to_channel(rng):
    bands = Banding(8, "rows", colour=1)(CARD, rng).y - CARD
    assert abs(np.corrcoef(bands[:, 0, 0], bands[:, 0, 1])[0, 1]) < 0.3
