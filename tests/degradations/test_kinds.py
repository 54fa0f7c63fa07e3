"""What holds for every kind of damage."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rednet.degradations import KINDS, degradation_from
from rednet.errors import OptionError
from rednet.network.hints import hint_vector

TABLES = {
    "identity": {},
    "gaussian_noise": {"sigma": [0, 50]},
    "jpeg": {"quality": [5, 95]},
    "scaling": {"scale": [2, 3]},
    "missing_pixels": {"share": [0.1, 0.5]},
    "blur": {"kernel": "gaussian:1", "sigma": 2},
    "deconvolved": {},
    "slight_blur": {"spread": [0, 2.5], "sigma": [0, 5]},
    "sensor_noise": {"sigma": [0, 40]},
    "film_grain": {"sigma": [0, 30], "midtones": [0, 1]},
    "chroma_noise": {"sigma": [0, 20]},
    "impulses": {"share": [0, 0.2], "value": ["hot", "random", "salt and pepper"]},
    "banding": {"sigma": [0, 10]},
    "jpeg_twice": {"first": [20, 90], "second": [20, 90], "larger": [1, 2], "subsampling": ["4:2:0", "4:4:4"]},
    "dark": {},
}
SIZED = {"deconvolved", "blur"}  # these need a picture that is larger than their kernel


def test_every_kind_is_tried():
    assert set(TABLES) == set(KINDS)


@settings(max_examples=25)
@given(
    height=st.integers(1, 23), width=st.integers(1, 23), channels=st.sampled_from([1, 3]), seed=st.integers(0, 2**32)
)
@pytest.mark.parametrize("kind", sorted(set(KINDS) - SIZED))
def test_any_picture_keeps_its_shape_and_the_same_seed_gives_the_same(kind, height, width, channels, seed):
    x = np.random.default_rng(seed).random((height, width, channels), np.float32)
    before = x.copy()
    degradation = degradation_from({"kind": kind, **TABLES[kind]})
    one, two = (degradation(x, np.random.default_rng(seed)) for _ in range(2))
    assert one.y.shape == x.shape and one.y.dtype == np.float32 and np.isfinite(one.y).all()
    assert np.array_equal(one.y, two.y) and one.facts == two.facts
    assert np.array_equal(x, before)
    hint_vector(one.facts)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_became_of_a_picture_can_be_copied_and_sent_to_another_process(kind, rng):
    degraded = degradation_from({"kind": kind, **TABLES[kind]})(rng.random((40, 40, 3), np.float32), rng)
    for same in (pickle.loads(pickle.dumps(degraded)), copy.deepcopy(degraded)):
        assert type(same) is type(degraded)
        for one, other in zip(same, degraded, strict=True):
            np.testing.assert_equal(one, dict(other) if other is degraded.facts else other)


@pytest.mark.parametrize(
    "table",
    [
        {"kind": "sensor_noise", "sigma": -1},
        {"kind": "sensor_noise", "sigma": 5, "read": 1.5},
        {"kind": "sensor_noise", "sigma": 5, "demosaicing": "nearest"},
        {"kind": "sensor_noise", "sigma": 5, "sharpening": -1},
        {"kind": "film_grain", "sigma": 300},
        {"kind": "film_grain", "sigma": 5, "size": -1},
        {"kind": "film_grain", "sigma": 5, "midtones": 2},
        {"kind": "chroma_noise", "sigma": 5, "size": 100},
        {"kind": "impulses", "share": 1.1},
        {"kind": "impulses", "share": 0.1, "value": "cold"},
        {"kind": "banding", "sigma": 5, "lines": "diagonals"},
        {"kind": "banding", "sigma": 5, "lines": []},
        {"kind": "banding", "sigma": 5, "colour": 2},
        {"kind": "jpeg_twice", "first": 0, "second": 50},
        {"kind": "jpeg_twice", "first": 50, "second": 101},
        {"kind": "jpeg_twice", "first": 50, "second": 50, "larger": 0.5},
        {"kind": "jpeg_twice", "first": 50, "second": 50, "subsampling": "4:1:0"},
        {"kind": "slight_blur", "spread": 9},
        {"kind": "slight_blur", "spread": 1, "shape": "motion"},
        {"kind": "dark", "white": 0},
        {"kind": "dark", "white": 1.5},
        {"kind": "dark", "black": 0},
    ],
    ids=str,
)
def test_options_outside_their_range_are_refused(table):
    with pytest.raises(OptionError):
        degradation_from(table)
