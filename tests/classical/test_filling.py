import numpy as np
import pytest

from rednet.classical.filling import fill_missing, nearest_means


def lost(height, width, *places):
    mask = np.zeros((height, width), bool)
    for place in places:
        mask[place] = True
    return mask


def means(x, mask, enough):
    """Return the means of the nearest squares, as {(row, column): mean}."""
    known = np.concatenate([np.where(mask[:, :, None], 0, x), ~mask[:, :, None]], axis=2)
    guesses = nearest_means(known, mask, enough, 2 * max(mask.shape))
    return {(r, c): m for rows, columns, found in guesses for r, c, [m] in zip(rows, columns, found, strict=True)}


def test_the_mean_of_a_lone_missing_pixel_is_that_of_its_eight_neighbours():
    x = np.arange(25, dtype=np.float32).reshape(5, 5, 1)
    x[2, 2] = 1000
    assert means(x, lost(5, 5, (2, 2)), 3) == {(2, 2): 12}
    x[1, 1] += 8
    assert means(x, lost(5, 5, (2, 2)), 3) == {(2, 2): 13}


def test_the_square_grows_until_it_holds_enough_known_pixels():
    x = np.zeros((1, 9, 1), np.float32)
    x[0, 0], x[0, 8] = 4, 8
    found = means(x, lost(1, 9, (0, slice(1, 8))), 2)
    assert found == {(0, column): 6 for column in range(1, 8)}


def bending(u):
    """Sums the squared Laplacians."""
    padded = np.pad(u.astype(np.float64), 1, mode="edge")
    around = padded[2:, 1:-1] + padded[:-2, 1:-1] + padded[1:-1, 2:] + padded[1:-1, :-2]
    return float(((around - 4 * u) ** 2).sum())


def test_a_slope_is_continued_where_a_mean_would_be_flat():
    x = (np.mgrid[0:12, 0:12] * np.array([[[2]], [[3]]])).sum(axis=0).astype(np.float32)[:, :, None]
    mask = lost(12, 12, (slice(4, 7), slice(5, 8)))
    np.testing.assert_allclose(fill_missing(x, mask), x, atol=0.1)
    assert max(abs(mean - x[place][0]) for place, mean in means(x, mask, 3).items()) > 1


def test_missing_pixels_bend_nearly_as_little_as_they_can(rng):
    x, mask = rng.random((14, 15, 1)).astype(np.float32), rng.random((14, 15)) < 0.5
    free = mask.ravel().nonzero()[0]

    def bent(values):  # the Laplacian of a picture whose missing pixels have these values, linear in them
        u = np.where(mask, 0.0, x[:, :, 0])
        u[mask] = values
        padded = np.pad(u, 1, mode="edge")
        return (padded[2:, 1:-1] + padded[:-2, 1:-1] + padded[1:-1, 2:] + padded[1:-1, :-2] - 4 * u).ravel()

    start = bent(np.zeros(len(free)))
    columns = np.stack([bent(one) - start for one in np.eye(len(free))], axis=1)
    least = float(((start + columns @ np.linalg.lstsq(columns, -start, rcond=None)[0]) ** 2).sum())
    first = x[:, :, 0].copy()
    for place, mean in means(x, mask, 3).items():
        first[place] = mean
    filled = fill_missing(x, mask)[:, :, 0]
    assert least <= bending(filled) < 1.02 * least and bending(first) > 1.2 * least


def test_only_what_is_near_to_missing_pixels_is_looked_at(rng):
    x = rng.random((40, 50, 3)).astype(np.float32)
    mask = lost(40, 50, (slice(10, 13), slice(20, 24)))
    near = slice(4, 19), slice(14, 30)
    np.testing.assert_array_equal(fill_missing(x, mask)[near], fill_missing(x[near], mask[near]))


def test_known_pixels_stay_and_missing_ones_do_not_matter(rng):
    x = rng.random((20, 17, 3)).astype(np.float32)
    mask = rng.random((20, 17)) < 0.7
    filled = fill_missing(x, mask)
    assert np.array_equal(filled[~mask], x[~mask])
    assert np.array_equal(filled, fill_missing(np.where(mask[:, :, None], np.float32(7), x), mask))
    assert np.array_equal(filled, fill_missing(filled, mask))


def test_a_flat_picture_is_filled_flat_however_large_the_hole():
    x = np.full((70, 90, 3), 0.3, np.float32)
    np.testing.assert_allclose(fill_missing(x, lost(70, 90, (slice(0, 60), slice(5, 90)))), 0.3, atol=1e-6)


def test_a_picture_that_is_missing_altogether_becomes_gray():
    assert (fill_missing(np.zeros((3, 3, 1), np.float32), np.ones((3, 3), bool)) == 0.5).all()


def test_what_has_too_few_known_pixels_in_reach_is_left_out():
    known = np.zeros((1, 12, 2))
    known[0, 0] = (5, 1)
    unknown = known[:, :, 1] == 0
    found = [(columns.tolist(), means[:, 0].tolist()) for _, columns, means in nearest_means(known, unknown, 1, 4)]
    assert found == [([1], [5.0]), ([2], [5.0]), ([3, 4], [5.0, 5.0])]


@pytest.mark.parametrize("seed", [234, 682])
def test_two_pixels_that_are_bent_in_fewer_steps_than_there_are_do_not_divide_by_nothing(seed):
    rng = np.random.default_rng(seed)
    x = (rng.integers(0, 256, (12, 12, 1)) / 255).astype(np.float32)
    mask = lost(12, 12, *zip(rng.integers(0, 12, 2), rng.integers(0, 12, 2), strict=True))
    assert np.isfinite(fill_missing(x, mask)).all()


def test_values_whose_squares_are_no_float32_are_bent_as_others(rng):
    x, mask = rng.random((12, 12, 1)).astype(np.float32), rng.random((12, 12)) < 0.5
    tiny = np.float32(2**-70)  # a power of two: nothing is rounded
    assert np.array_equal(fill_missing(x * tiny, mask), fill_missing(x, mask) * tiny)
