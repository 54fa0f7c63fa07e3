"""A fixed part of the bench of first looks: what is clean stays as it is, and nothing is made worse.

Drawings are made anywhere; photographs need the data (`REDNET_DATA`).
"""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

import rednet
from rednet.errors import OptionError
from rednet.restoring.inspection import inspect
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Automatic

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"
DATA = Path(os.environ.get("REDNET_DATA", "no data"))
needs_data = pytest.mark.skipif(not (DATA / "val").is_dir(), reason="photographs are not here; set REDNET_DATA")


@pytest.fixture(scope="module")
def looks():
    sys.path.insert(0, str(BENCHMARKS))
    import looks

    yield looks
    sys.path.remove(str(BENCHMARKS))


def cases(looks, *, photographs, clean=None, every=1):
    found = looks.bench(DATA).cases()
    chosen = [case for case in found if (case.kind == "photograph") is photographs]
    if clean is not None:
        chosen = [case for case in chosen if (case.damage == "clean") is clean]
    return chosen[::every]


def test_clean_drawings_of_all_kinds_are_left_as_they_are(looks):
    touched = []
    for case in cases(looks, photographs=False, clean=True, every=3):
        found = inspect(looks.shown(case.made()).pixels)
        if not found.left:
            touched.append((case.number, found.words))
    assert not touched


def test_what_consists_of_two_tones_keeps_them(looks):
    restorer = Restorer.from_pretrained(Automatic.model)
    two = [case for case in cases(looks, photographs=False, clean=True) if case.kind == "1-bit"]
    for case in two[::6]:
        levels = np.rint(case.made().x * 255).astype(np.uint8)
        assert np.array_equal(restorer.restore(levels), levels)
        assert not np.array_equal(restorer.restore_image(levels, Automatic(always=True)), levels)


def test_thin_strokes_on_a_noisy_page_stay(looks):
    """The network takes strokes of one pixel for noise, and is kept from removing more than the noise."""
    (case,) = (case for case in looks.bench(DATA, 2).cases() if case.number == 434)
    made, restorer = case.made(), Restorer.from_pretrained(Automatic.model)
    y = looks.shown(made)
    found = inspect(y.pixels)
    kept, lost = (
        looks.decibels(made, restorer.compute(Automatic(), y, found=given).apply().pixels.clip(0, 1))
        - looks.decibels(made, made.y)
        for given in (found, found._replace(limit=np.inf))
    )
    assert kept > -0.5 and lost < -2


@needs_data
def test_most_clean_photographs_are_left_as_they_are(looks):
    left = [inspect(case.made().x).left for case in cases(looks, photographs=True, clean=True, every=2)]
    assert np.mean(left) >= 0.8


@needs_data
def test_damaged_pictures_gain_and_none_loses(looks):
    pictures = looks.bench(DATA)
    chosen = cases(looks, photographs=True, clean=False, every=12)
    gains = [float(row["gain"]) for row in looks.measure(pictures, Restorer.from_pretrained(Automatic.model), chosen)]
    assert min(gains) > -0.5  # as in all 1,800, benchmarks/README.md; with the old look, 3 of these 26 did not
    assert np.mean(gains) > 1.5


def test_what_was_decided_is_told_beside_the_picture(photo, rng):
    noisy = (photo + rng.normal(0, 0.1, photo.shape)).clip(0, 1)
    better, found = rednet.restore((noisy * 255).astype(np.uint8), explain=True)
    assert better.dtype == np.uint8 and not found.left
    assert found == rednet.inspect((noisy * 255).astype(np.uint8))
    with pytest.raises(OptionError, match="explain"):
        rednet.restore(noisy, explain="yes")
