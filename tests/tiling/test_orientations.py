import numpy as np

from rednet.classical.orientations import ORIENTATIONS, orient, orient_back
from rednet.tiling.orientations import apply_self_ensemble


def test_the_eight_orientations_differ_and_can_be_undone(rng):
    x = rng.random((4, 6, 2)).astype(np.float32)
    seen = {orient(x, i).tobytes() + bytes(orient(x, i).shape) for i in range(ORIENTATIONS)}
    assert len(seen) == 8
    for i in range(ORIENTATIONS):
        assert np.array_equal(orient_back(orient(x, i), i), x)


def test_a_function_that_treats_all_directions_alike_is_unchanged(rng):
    x = rng.random((4, 6, 2)).astype(np.float32)
    np.testing.assert_allclose(apply_self_ensemble(lambda v: v * 2, x), x * 2, rtol=1e-6)


def test_a_function_that_looks_left_is_averaged_over_all_sides():
    x = np.zeros((3, 3, 1), np.float32)
    x[1, 1] = 1
    result = apply_self_ensemble(lambda v: np.roll(v, 1, axis=1), x)[:, :, 0]
    np.testing.assert_allclose(result, [[0, 0.25, 0], [0.25, 0, 0.25], [0, 0.25, 0]])
