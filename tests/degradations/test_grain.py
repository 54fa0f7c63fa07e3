import numpy as np
import pytest

from rednet.degradations import ChromaNoise, FilmGrain, correlated_noise, to_gray

CARD = np.full((256, 256, 3), 0.5, np.float32)


@pytest.mark.parametrize("size", [0.0, 0.8, 1.2, 4.0])
@pytest.mark.parametrize("shape", [(256, 255), (255, 256)])
def test_correlated_noise_has_variance_one_and_the_correlation_of_a_gaussian_filter(size, shape):
    field = np.concatenate(
        [correlated_noise(*shape, 4, size, np.random.default_rng(seed)) for seed in range(8)], axis=2
    )
    independent = field.size / max(1, 4 * np.pi * size**2)  # a filter's pixels share about its area
    assert field.var() == pytest.approx(1, abs=5 * np.sqrt(2 / independent))
    for lag in (1, 2):
        # The product of two Gaussians of one width, moved by the lag; sampled finely enough from 0.8 px on.
        expected = np.exp(-(lag**2) / (4 * size**2)) if size else 0
        found = (field * np.roll(field, lag, axis=1)).mean()
        assert found == pytest.approx(expected, abs=0.02 + 5 / np.sqrt(independent))
    if size >= 1.2:
        assert (field * np.roll(field, 1, axis=0)).mean() == pytest.approx(np.exp(-1 / (4 * size**2)), abs=0.05)


def test_film_grain_has_its_sigma_and_lies_in_the_luma_alone(rng):
    y, facts = FilmGrain(15, 1.2)(CARD, rng)[:2]
    grain = y - CARD
    assert facts == {"sigma": 15.0}
    # 65536 px, a grain covers 4 pi 1.2^2 = 18 of them: the sample's standard deviation is good to 1.2 %.
    assert 255 * grain[:, :, 0].std() == pytest.approx(15, rel=0.05)
    np.testing.assert_allclose(grain[:, :, 0], grain[:, :, 2], atol=1e-6)


def test_grain_of_the_midtones_vanishes_in_black_and_white():
    def strength(level, midtones):
        x = np.full((64, 64, 3), level, np.float32)
        return (FilmGrain(15, 1, midtones)(x, np.random.default_rng(0)).y - x).std()

    assert strength(0.0, 1) == strength(1.0, 1) == 0 < strength(0.2, 1) < strength(0.5, 1)
    assert strength(0.0, 0) == pytest.approx(strength(0.5, 0), rel=1e-4)


def test_a_scan_is_rounded_and_clipped(photo, rng):
    y = FilmGrain(40, 1, clip=True)(photo, rng).y
    assert y.min() >= 0 and y.max() <= 1
    np.testing.assert_allclose(y * 255, np.rint(y * 255), atol=1e-4)


def test_chroma_noise_leaves_the_luma_as_it_is(rng):
    y, facts = ChromaNoise(12, 2)(CARD, rng)[:2]
    np.testing.assert_allclose(to_gray(y), to_gray(CARD), atol=1e-5)
    assert facts == {"sigma": 12.0}
    # A blotch covers 4 pi 2^2 = 50 of 65536 px, and there are two fields: good to 2 %.
    assert 255 * np.sqrt(((y - CARD) ** 2).mean()) == pytest.approx(12, rel=0.1)


def test_a_gray_picture_has_no_chroma_noise(photo, rng):
    gray = to_gray(photo)
    y, facts = ChromaNoise(12)(gray, rng)[:2]
    assert np.array_equal(y, gray) and facts == {"sigma": 0.0}
