import numpy as np
import pytest

from rednet.classical.conjugate import descend


@pytest.fixture
def price(rng):
    """A slope over 2x3 px, of which the last row is known, with its matrix."""
    half = rng.standard_normal((6, 6))
    matrix = half @ half.T + np.eye(6)

    def slope(plane):
        result = (matrix @ plane.ravel()).reshape(2, 3).astype(np.float32)
        result[1] = 0
        return result

    return matrix, slope


def test_as_many_steps_as_unknowns_find_the_least_and_fewer_do_not(price, rng):
    matrix, slope = price
    u = rng.standard_normal((2, 3)).astype(np.float32)
    least = np.linalg.solve(matrix[:3, :3], -matrix[:3, 3:] @ u[1])
    found = descend(slope, u, steps=3, settled=0)
    np.testing.assert_allclose(found[0], least, rtol=0, atol=1e-3)
    assert np.array_equal(found[1], u[1])
    assert np.abs(descend(slope, u, steps=1, settled=0)[0] - least).max() > 1e-2


def test_what_is_settled_stays(price, rng):
    _, slope = price
    u = rng.standard_normal((2, 3)).astype(np.float32)
    assert np.array_equal(descend(slope, u, steps=9, settled=1), u)
    assert np.isfinite(descend(slope, np.zeros((2, 3), np.float32), steps=9, settled=0)).all()
