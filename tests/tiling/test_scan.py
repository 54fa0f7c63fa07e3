"""Bands that hand rows on give what the whole picture gives, and compute nothing twice.

The networks have positive weights: no ReLU is dead, so that every row in reach has an influence and a seam would show.
"""

import threading
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rednet.engines.loading import load_engine
from rednet.engines.ncnn_layers import NcnnLayers
from rednet.errors import EngineError, OptionError
from rednet.network.architecture import REDNetConfig
from rednet.tiling.bands import banded_rows
from rednet.tiling.scan import STRIP, Scan, begin_scan, strip_width

TOLERANCE = 4e-6  # rounding, relative to the largest value: 20 layers, each a step of float32, 1.2e-7; 2.3e-6 seen
SHAPES = [
    {"depth": 4, "width": 3},
    {"depth": 4, "width": 5, "stride": 4, "skips": False, "hints": ("sigma",)},
    {"depth": 10, "width": 16, "channels": 3, "stride": 3, "mask": True},
    {"depth": 20, "width": 16, "channels": 3, "stride": 2, "mask": True, "hints": ("sigma", "scale")},
    {"depth": 30, "width": 8, "stride": 1},
    {"depth": 30, "width": 8, "stride": 2, "skips": False},
    {"levels": ((8, 3), (12, 2), (16, 2)), "channels": 3, "stride": 2, "mask": True, "hints": ("sigma",)},
    {"levels": ((5, 1), (7, 2), (6, 1), (8, 1)), "stride": 1},
    {"levels": ((8, 2), (12, 1)), "stride": 3, "skips": False},
]


@pytest.fixture(scope="module", params=SHAPES, ids=str)
def engine(request, make_model):
    return load_engine(make_model(positive=True, **request.param), threads=1)


def inputs(engine, height, width):
    rng = np.random.default_rng(0)
    config = engine.config
    planes = rng.random((height, width, config.channels + config.mask), np.float32)
    return planes, rng.random(2 * len(config.hints), np.float32)


def in_bands(engine, planes, hints, rows, strip=None, **options):
    height, width, _ = planes.shape
    feed = begin_scan(engine, hints, width, strip=strip)
    grid = engine.config.grid
    parts = list(banded_rows(feed, lambda rows: planes[rows], height, rows=rows, stride=grid, **options))
    assert [rows.start for rows, _ in parts] == [0, *(rows.stop for rows, _ in parts[:-1])]
    assert parts[-1][0].stop == height
    return np.concatenate([part for _, part in parts])


def difference(one, other):
    """Return the largest difference, relative to the largest value."""
    assert one.shape == other.shape
    return np.abs(one - other).max() / np.abs(other).max()


@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_bands_of_any_height_and_strips_of_any_width_give_what_the_whole_gives(engine, data):
    grid = engine.config.grid
    height, width = data.draw(st.integers(1, 90)), data.draw(st.integers(1, 60))
    rows, strip = (data.draw(st.integers(1, 100 // grid)) * grid for _ in range(2))
    planes, hints = inputs(engine, height, width)
    assert difference(in_bands(engine, planes, hints, rows, strip), engine(planes, hints)) < TOLERANCE


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 50), (2, 2), (3, 1), (50, 1), (5, 5)])
def test_the_smallest_pictures_go_in_the_lowest_bands(engine, height, width):
    planes, hints = inputs(engine, height, width)
    grid = engine.config.grid
    assert difference(in_bands(engine, planes, hints, grid, grid), engine(planes, hints)) < TOLERANCE


def test_a_strip_with_too_small_a_halo_shows_a_seam(engine, monkeypatch):
    grid, halo = engine.config.grid, engine.config.halo
    planes, hints = inputs(engine, 40, 80 * grid)
    whole, strip = engine(planes, hints), 40 * grid
    assert difference(in_bands(engine, planes, hints, 12 * grid, strip), whole) < TOLERANCE
    # In deep networks and through several samplings the outermost pixels in reach count for less than rounding.
    short = halo - grid if engine.config.depth <= 10 and not engine.config.levels else halo // 4 // grid * grid
    monkeypatch.setattr(REDNetConfig, "halo", short)
    assert difference(in_bands(engine, planes, hints, 12 * grid, strip), whole) > TOLERANCE


def test_a_row_that_is_not_handed_on_shows(engine, monkeypatch):
    """Negative control: the last layer forgets the upper of its two rows once."""
    planes, hints = inputs(engine, 160, 24)
    whole = engine(planes, hints)
    cut, layers = NcnnLayers.cut, len(engine.layers.chain.layers)
    calls = Counter()

    def forget(self, x, start, stop, *, keep=False):
        rows = cut(self, x, start, stop, keep=keep)
        if keep and stop - start == 2:
            calls["kept"] += 1
            if calls["kept"] == 2 * layers:  # the last layer's, in the second band
                return self.stack(self.zeros(rows.c * rows.elempack, rows.w), cut(self, rows, 1, 2))
        return rows

    monkeypatch.setattr(NcnnLayers, "cut", forget)
    assert difference(in_bands(engine, planes, hints, 60), whole) > 1e-3


def test_a_skip_that_comes_a_row_late_shows(engine, monkeypatch):
    """Negative control."""
    if not engine.config.skip_pairs:
        pytest.skip("has none")
    planes, hints = inputs(engine, 160, 24)
    take = Scan.take

    def late(self, number, rows):
        x = take(self, number, rows)
        above = self.runner.zeros(x.c * x.elempack, x.w)
        return x if rows < 2 else self.runner.stack(above, self.runner.cut(x, 0, rows - 1))

    monkeypatch.setattr(Scan, "take", late)
    assert difference(in_bands(engine, planes, hints, 60), engine(planes, hints)) > 1e-3


def test_every_layer_computes_every_pixel_once(engine, monkeypatch):
    grid = engine.config.grid
    planes, hints = inputs(engine, 48 * grid, 9 * grid)
    convolve, computed = NcnnLayers.convolve, Counter()

    def counted(self, number, x, kept):
        result = convolve(self, number, x, kept)
        computed[number] += result.h * result.w
        return result

    monkeypatch.setattr(NcnnLayers, "convolve", counted)
    in_bands(engine, planes, hints, 7 * grid)
    samples = [(grid // layer.sampling) ** 2 for layer in engine.config.layers]
    assert computed == {number: 48 * 9 * each for number, each in enumerate(samples)}


def test_several_threads_may_scan_at_the_same_time(engine):
    planes, hints = inputs(engine, 60, 40)
    whole, worst = engine(planes, hints), []

    def run():
        worst.append(difference(in_bands(engine, planes, hints, 2 * engine.config.grid), whole))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(worst) == 4 and max(worst) < TOLERANCE


def test_a_scan_can_be_given_up(engine):
    planes, hints = inputs(engine, 60, 40)
    whole = engine(planes, hints)

    def stop(share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_bands(engine, planes, hints, 2 * engine.config.grid, progress=stop)
    assert difference(in_bands(engine, planes, hints, 2 * engine.config.grid), whole) < TOLERANCE


def test_what_the_network_does_not_take_is_refused(make_model):
    engine = load_engine(make_model(depth=4, width=4, hints=("sigma",)))
    with pytest.raises(OptionError, match="takes"):
        begin_scan(engine, np.zeros(2, np.float32), 8)(np.zeros((4, 8, 3), np.float32), False)
    with pytest.raises(OptionError, match="2 hints"):
        begin_scan(engine, np.zeros(0, np.float32), 8)(np.zeros((4, 8, 1), np.float32), False)


def test_engines_that_cannot_scan_say_so(make_model):
    folder = make_model(depth=4, width=2)
    assert load_engine(folder, "ncnn").layers is not None
    for name in ("onnx", "torch"):
        engine = load_engine(folder, name)
        assert engine.layers is None
        with pytest.raises(EngineError, match="use tiles"):
            begin_scan(engine, np.zeros(0, np.float32), 8)


@pytest.mark.parametrize(
    ("width", "strip"), [(1, 2), (501, 502), (2999, 3000), (3001, 1502), (4000, 2000), (25_000, 2084)]
)
def test_strips_are_some_two_thousand_px_wide(width, strip):
    config = REDNetConfig(depth=20, stride=2, channels=3)
    assert STRIP * config.halo == 2000
    assert strip_width(config, width) == strip
