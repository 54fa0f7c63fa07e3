import numpy as np
import pytest

from rednet.degradations import Chain, Dark, GaussianNoise, Mixture, Scaling, Share


def test_a_dark_picture_keeps_whole_levels_of_16_bits(photo, rng):
    y, facts, mask, kernel, white = Dark(200 / 65535)(photo, rng)
    levels = y.astype(np.float64) * 65535
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-3)
    assert 150 < levels.max() <= 200 and white == 200 / 65535 and not facts and mask is kernel is None
    assert np.abs(levels - photo * 200).max() <= 0.5 + 1e-3


def test_the_noise_of_a_picture_shrinks_as_it_becomes_dark(photo, rng):
    dark = Chain((GaussianNoise(20), Dark(0.1)))(photo, rng)
    assert dark.facts["sigma"] == pytest.approx(2) and dark.white == 0.1
    noise_after = Chain((Dark(0.1), GaussianNoise(2)))(photo, rng)
    assert noise_after.facts["sigma"] == 2 and noise_after.white == 0.1
    small = Scaling(2, Dark(0.1))(photo, rng)
    assert small.white == 0.1 and small.facts == {"scale": 2.0}


def test_a_mixture_gives_the_dark_truth_beside_the_dark_picture(photo, rng):
    _, x, degraded = Mixture((Share("dark", Dark(0.02)),))(photo, rng)
    np.testing.assert_allclose(x, photo * 0.02, atol=1e-7)
    assert np.abs(degraded.y - x).max() <= 0.5 / 65535 + 1e-7 and degraded.white == 0.02
    _, x, _ = Mixture((Share("noise", GaussianNoise(5)),))(photo, rng)
    assert x is photo
