"""The small bench of first looks holds what the look decides: it fails when a threshold or a weight moves.

`looks.csv` names its pictures, with what was decided about each and what each decision gains
(`benchmarks/looks_small.py`).
"""

import csv
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def small():
    sys.path.insert(0, str(BENCHMARKS))
    import looks_small

    yield looks_small
    sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def rows():
    with (Path(__file__).parent / "looks.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def looks(small, rows, tmp_path_factory):
    """What the look finds in each of the pictures."""
    cases, folder = list(small.pictures().cases()), tmp_path_factory.mktemp("looks")
    return [small.looked(cases[int(row["number"])].made(), folder) for row in rows]


def test_what_is_decided_about_each_picture_is_what_was_measured(small, rows, looks):
    changed = [
        (row["number"], row["kind"], row["damage"], name, row[name], told)
        for row, found in zip(rows, looks, strict=True)
        for name, told in small.decided(found).items()
        if told != row[name]
    ]
    assert not changed


def test_what_is_estimated_of_each_picture_is_what_was_measured(small, rows, looks):
    """A weight or a level that moves a little seldom turns a decision, but it moves these."""
    moved = [
        (row["number"], row["kind"], row["damage"], name, row[name], value)
        for row, found in zip(rows, looks, strict=True)
        for name, value in small.estimated(found).items()
        if value != pytest.approx(float(row[name]), rel=0.01, abs=0.02)
    ]
    assert not moved


def test_no_clean_picture_is_touched_and_none_is_made_worse(small, rows, looks):
    gains = [small.gained(row, small.decided(found)["done"]) for row, found in zip(rows, looks, strict=True)]
    worse = [(row["number"], gain) for row, gain in zip(rows, gains, strict=True) if gain < -0.5]
    assert not worse
    assert np.mean(gains) > 1.45  # 1.52 when the file was made; most of its pictures are hard to decide


def test_the_level_of_noise_is_known(rows, looks):
    off = [
        abs(found.sigma / float(row["level"]) - 1)
        for row, found in zip(rows, looks, strict=True)
        if row["damage"] in ("white", "grain", "dark noise") and found.sigma
    ]
    assert len(off) >= 8 and np.mean(np.array(off) <= 0.2) >= 0.7
