import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rednet.engines.loading import load_engine
from rednet.errors import OptionError
from rednet.tiling.tiles import spans, tiled_rows

SHAPES = [
    {"depth": 6, "width": 3},
    {"depth": 4, "width": 3, "stride": 2},
    {"depth": 4, "width": 2, "stride": 3},
    {"levels": ((3, 2), (4, 1))},
]


@given(st.integers(1, 200), st.integers(1, 64), st.integers(0, 9), st.integers(1, 4))
def test_tiles_cover_an_axis_once_and_lie_on_the_stride(size, tile, halo, stride):
    tile, halo = tile * stride, halo * stride
    pieces = list(spans(size, tile, halo, stride))
    covered = [i for written, _ in pieces for i in range(written.start, written.stop)]
    assert covered == list(range(size))
    for written, read in pieces:
        assert written.stop - written.start <= tile
        assert written.start % stride == 0 and read.start % stride == 0
        assert read.start == max(0, written.start - halo) and read.stop == min(size, written.stop + halo)


@pytest.fixture(scope="module", params=SHAPES, ids=str)
def engine(request, make_model):
    """Positive weights: no ReLU is dead, so that every pixel in reach has an influence and a seam would show."""
    return load_engine(make_model(positive=True, **request.param), "ncnn", threads=1)


def tiled(engine, planes, tile, halo):
    run = lambda piece: engine(piece, np.zeros(0, np.float32))  # noqa: E731
    return in_tiles(run, planes, tile=tile, halo=halo, stride=engine.config.grid)


def in_tiles(function, planes, **options):
    height, width, _ = planes.shape
    return np.concatenate([r for _, r in tiled_rows(function, lambda rows: planes[rows], height, width, **options)])


@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_tiled_equals_untiled_for_every_tile_and_size(engine, data):
    stride = engine.config.grid
    height, width = data.draw(st.integers(1, 50)), data.draw(st.integers(1, 50))
    tile = data.draw(st.integers(1, 40 // stride)) * stride
    planes = np.random.default_rng(0).random((height, width, 1), np.float32)
    whole = engine(planes, np.zeros(0, np.float32))
    np.testing.assert_allclose(tiled(engine, planes, tile, engine.config.halo), whole, rtol=0, atol=1e-6)


def test_a_halo_one_step_too_small_shows_a_seam(engine):
    planes = np.random.default_rng(0).random((60, 60, 1), np.float32)
    whole = engine(planes, np.zeros(0, np.float32))
    short = engine.config.halo - engine.config.grid
    assert np.abs(tiled(engine, planes, 24, short) - whole).max() > 1e-6
    np.testing.assert_allclose(tiled(engine, planes, 24, short + engine.config.grid), whole, rtol=0, atol=1e-6)


def test_progress_rises_to_one():
    seen = []
    in_tiles(lambda piece: piece, np.zeros((10, 10, 1), np.float32), tile=4, halo=1, progress=seen.append)
    assert seen == sorted(seen) and seen[-1] == 1 and len(seen) == 9


@pytest.mark.parametrize(("tile", "halo"), [(0, 0), (3, 0), (4, 1), (4, -2)])
def test_tiles_off_the_stride_are_refused(tile, halo):
    with pytest.raises(OptionError, match="multiples"):
        in_tiles(lambda piece: piece, np.zeros((9, 9, 1), np.float32), tile=tile, halo=halo, stride=2)
