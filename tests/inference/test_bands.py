import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rednet.inference.bands import EVEN, band_shape, banded_rows
from rednet.inference.tiling import spans


class Late:
    """Gives back what it was given, some rows late."""

    def __init__(self, width, lag):
        self.width, self.lag, self.rows = width, lag, []

    def __call__(self, rows, last):
        assert rows.shape[1] == self.width
        self.rows += list(rows)
        ready = len(self.rows) if last else max(0, len(self.rows) - self.lag)
        result, self.rows = self.rows[:ready], self.rows[ready:]
        return np.array(result).reshape(ready, *rows.shape[1:])


@given(data=st.data())
def test_every_row_and_column_comes_back_once_and_in_order(data):
    stride = data.draw(st.integers(1, 4))
    height, width = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 60))
    rows, strip, halo, lag = (data.draw(st.integers(low, 20)) * stride for low in (1, 1, 0, 0))
    picture = np.arange(height * width).reshape(height, width, 1)
    asked, seen = [], []

    def read(band):
        asked.append(band)
        return picture[band]

    parts = list(
        banded_rows(
            lambda wide: Late(wide, lag), read, height, width,
            rows=rows, strip=strip, halo=halo, stride=stride, progress=seen.append,
        )
    )  # fmt: skip
    np.testing.assert_array_equal(np.concatenate([part for _, part in parts]), picture)
    assert [len(part) for _, part in parts] == [band.stop - band.start for band, _ in parts]
    assert seen == sorted(seen) and seen[-1] == 1
    assert all(band.start % stride == 0 and band.stop - band.start <= max(rows, 2 * stride) for band in asked)
    assert len(asked) == 1 or stride <= height - asked[-1].start < 2 * stride  # it can be continued by reflection


@given(st.integers(100, 2000), st.integers(1, 100_000), st.integers(1, 30), st.integers(1, 4))
def test_a_band_has_as_many_pixels_as_the_square_and_room_for_what_stays_behind(side, width, depth, stride):
    halo = depth * stride
    side += 2 * halo
    rows, strip = band_shape(side, width, halo, stride)
    assert rows % (EVEN * stride) == 0 and rows >= halo + 2 * stride
    pieces = list(spans(width, strip, halo, stride))
    assert max(seen.stop - seen.start for _, seen in pieces) * rows <= side * side
    assert (
        len(pieces) == 1 or max(seen.stop - seen.start for _, seen in pieces) * (rows + EVEN * stride) > side * side / 3
    )


@pytest.mark.parametrize(("width", "shape"), [(500, (408, 500)), (4000, (48, 4000)), (25_000, (48, 4168))])
def test_the_default_bands(width, shape):
    assert band_shape(464, width, 40, 2) == shape
