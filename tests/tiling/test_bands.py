import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rednet.tiling.bands import banded_rows


class Late:
    """Return the rows that it was given, some rows late."""

    def __init__(self, width, lag):
        self.width, self.lag, self.rows = width, lag, []

    def __call__(self, rows, last):
        assert rows.shape[1] == self.width
        self.rows += list(rows)
        ready = len(self.rows) if last else max(0, len(self.rows) - self.lag)
        result, self.rows = self.rows[:ready], self.rows[ready:]
        return np.array(result).reshape(ready, *rows.shape[1:])


@given(data=st.data())
def test_every_row_comes_back_once_and_in_order(data):
    stride, height = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 60))
    rows, lag = data.draw(st.integers(1, 20)) * stride, data.draw(st.integers(0, 20)) * stride
    picture = np.arange(height * 3).reshape(height, 3, 1)
    asked, seen = [], []

    def read(band):
        asked.append(band)
        return picture[band]

    parts = list(banded_rows(Late(3, lag), read, height, rows=rows, stride=stride, progress=seen.append))
    np.testing.assert_array_equal(np.concatenate([part for _, part in parts]), picture)
    assert [len(part) for _, part in parts] == [band.stop - band.start for band, _ in parts]
    assert seen == sorted(seen) and seen[-1] == 1 and len(seen) == len(asked)
    assert all(band.start % stride == 0 and 0 < band.stop - band.start <= max(rows, 2 * stride) for band in asked)
    assert len(asked) == 1 or stride <= height - asked[-1].start < 2 * stride  # it can be continued by reflection
