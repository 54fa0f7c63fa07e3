"""Bands, tiles and the whole picture at once agree, whatever the picture and the network take."""

import numpy as np
import pytest

from rednet.engines.loading import load_engine
from rednet.restoring.restorer import Restorer
from rednet.tiling import residual as room

TOLERANCE = 2e-6  # of the largest value, as in test_scan.py
NETWORKS = [
    {"depth": 4, "width": 8, "channels": 3, "stride": 2, "mask": True, "hints": ("sigma",)},
    {"depth": 6, "width": 8, "channels": 1, "stride": 1},
    {"depth": 10, "width": 8, "channels": 3, "stride": 3},
    {"levels": ((8, 2), (8, 1), (8, 1)), "channels": 3, "stride": 1},
]


@pytest.fixture(scope="module", params=NETWORKS, ids=str)
def engine(request, make_model):
    return load_engine(make_model(positive=True, **request.param), threads=1)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("transparent", [False, True])
def test_bands_tiles_and_the_whole_at_once_agree(engine, channels, transparent, rng):
    y = rng.random((150, 67, channels), np.float32)
    mask = rng.random((150, 67)) < 0.3 if engine.config.mask else None
    hidden = None
    if transparent:
        hidden = np.zeros((150, 67), bool)
        hidden[20:130, 10:60] = True
        hidden[70:75, 30:34] = False

    def residual(**options):
        result = Restorer(engine, **options).residual(y, {"sigma": 25.0}, mask, hidden=hidden)
        return result if hidden is None else result[~hidden]

    at_once, bands, tiles = residual(tile=300), residual(tile=12), residual(tile=24, bands=False)
    assert at_once.shape[-1] == channels
    for other in (bands, tiles):
        assert np.abs(other - at_once).max() <= TOLERANCE * np.abs(at_once).max()


def test_a_large_picture_takes_the_same_bands_whatever_the_tile(engine, rng):
    y = rng.random((120, 130, 3), np.float32)
    results = [Restorer(engine, tile=tile).residual(y, {}) for tile in (12, 24, 36)]
    assert all(np.array_equal(results[0], other) for other in results[1:])


def test_bands_are_gone_through_only_if_they_are_needed_and_wished(engine, rng, monkeypatch):
    y, begun = rng.random((120, 130, 3), np.float32), []
    begin = room.begin_scan
    monkeypatch.setattr(room, "begin_scan", lambda *args, **options: begun.append(1) or begin(*args, **options))
    Restorer(engine, tile=120).residual(y, {})
    Restorer(engine, tile=24, bands=False).residual(y, {})
    Restorer(engine, tile=24).residual(y, {}, self_ensemble=True)
    assert not begun
    Restorer(engine, tile=24).residual(y, {})
    assert len(begun) == (3 if engine.config.channels == 1 else 1)


def test_stopping_between_two_bands_works_and_leaves_nothing_behind(engine, rng):
    y, seen = rng.random((120, 130, 3), np.float32), []
    restorer = Restorer(engine, tile=24)

    def stop(share):
        seen.append(share)
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restorer.residual(y, {}, progress=stop)
    assert 0.5 < seen[-1] < 1
    assert np.array_equal(restorer.residual(y, {}), Restorer(engine, tile=24).residual(y, {}))


def test_a_large_photograph_tells_its_progress_often(make_model, rng):
    """Of 3000 rows at stride 2, 125 bands."""
    engine = load_engine(make_model(depth=4, width=2, channels=3, stride=2), threads=1)
    seen = []
    Restorer(engine, tile=24).residual(rng.random((3000, 60, 3), np.float32), {}, progress=seen.append)
    assert seen == sorted(seen) and seen[-1] == 1 and len(seen) >= 125
