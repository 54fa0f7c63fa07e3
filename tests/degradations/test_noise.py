import numpy as np

from rednet.degradations import GaussianNoise

FLAT = np.full((256, 256, 1), 0.5, np.float32)


def std_error(sigma, count):
    """Standard error of a sample standard deviation of a normal variable."""
    return sigma / np.sqrt(2 * count)


def test_noise_has_its_sigma_and_no_other(rng):
    sample = (GaussianNoise(25)(FLAT, rng).y - FLAT).std() * 255
    assert abs(sample - 25) < 5 * std_error(25, FLAT.size)
    assert abs(sample - 26) > 5 * std_error(26, FLAT.size)


def test_noise_passes_white_unless_it_is_clipped(rng):
    white = np.ones((64, 64, 3), np.float32)
    assert GaussianNoise(25)(white, rng).y.max() > 1
    clipped = GaussianNoise(25, clip=True)(white, rng).y
    assert clipped.max() == 1
    np.testing.assert_allclose(clipped * 255, np.rint(clipped * 255), atol=1e-4)


def test_a_range_of_sigma_is_drawn_evenly_and_told(rng):
    drawn = [GaussianNoise((10, 30))(FLAT[:8, :8], rng).facts["sigma"] for _ in range(400)]
    assert 10 <= min(drawn) < 11 and 29 < max(drawn) <= 30
    assert abs(np.mean(drawn) - 20) < 5 * (20 / np.sqrt(12)) / np.sqrt(400)


def test_one_seed_gives_one_result_and_another_seed_another():
    results = [GaussianNoise((0, 50))(FLAT, np.random.default_rng(seed)).y for seed in (1, 1, 2)]
    assert np.array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])
