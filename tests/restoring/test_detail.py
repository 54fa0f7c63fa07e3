import numpy as np
import pytest

from rednet.errors import OptionError
from rednet.restoring.detail import fine_structure
from rednet.restoring.restorer import Restorer
from rednet.tiling.fringes import FRINGE_REACH, fill_hidden


def test_of_pure_noise_hardly_anything_comes_back_and_of_a_line_most(rng):
    noise = rng.normal(0, 0.05, (128, 128, 1)).astype(np.float32)
    found = fine_structure(noise)
    assert np.sqrt(np.mean(found**2)) < 0.35 * 0.05
    line = np.zeros_like(noise)
    line[64] = 0.5
    found = fine_structure(noise + line)
    assert found[64].mean() > 0.6 * 0.5
    assert np.abs(found[80:].mean()) < 0.01


def test_fine_structure_is_luminance(rng):
    removed = np.zeros((32, 32, 3), np.float32)
    removed[16] = (0.3, 0.0, 0.0)
    assert fine_structure(removed).shape == (32, 32, 1)
    gray = np.zeros((32, 32, 1), np.float32)
    gray[16] = 0.3 * 0.299
    np.testing.assert_allclose(fine_structure(removed), fine_structure(gray), atol=1e-6)


def test_detail_gives_back_in_proportion_and_never_runs_the_network_again(make_model, rng):
    restorer = Restorer.from_pretrained(make_model(depth=4, width=4), threads=1)
    runs = []
    engine = restorer.engine.run
    restorer.engine.run = lambda *planes: (runs.append(1), engine(*planes))[1]
    y = rng.random((40, 40)).astype(np.float32)
    none, half, full = (restorer.restore(y, facts={}, detail=d) for d in (0.0, 0.5, 1.0))
    assert len(runs) == 3
    np.testing.assert_allclose(half, (none + full) / 2, atol=1e-6)
    assert np.abs(full - none).max() > 1e-4
    with pytest.raises(OptionError, match="detail"):
        restorer.restore(y, facts={}, detail=1.5)


def test_hidden_colours_come_from_visible_neighbours(rng):
    pixels = np.full((300, 20, 3), 0.25, np.float32)
    hidden = np.zeros((300, 20), bool)
    hidden[50:] = True
    pixels[hidden] = rng.random((int(hidden.sum()), 3))
    filled = fill_hidden(pixels, hidden)
    np.testing.assert_allclose(filled[: 50 + FRINGE_REACH - 1], 0.25, atol=1e-5)
    assert np.array_equal(filled[:50], pixels[:50])
    assert (filled[50 + 2 * FRINGE_REACH :] == 0.5).all()


def test_colours_under_transparency_neither_bleed_nor_change(make_model, rng):
    restorer = Restorer.from_pretrained(make_model(depth=4, width=4, channels=3, positive=True), tile=24, threads=1)
    picture = rng.integers(0, 256, (60, 50, 4), np.uint8)
    picture[:, :, 3] = 255
    picture[20:40, 10:30, 3] = 0
    other = picture.copy()
    other[20:40, 10:30, :3] = 255 - other[20:40, 10:30, :3]
    one, two = restorer.restore(picture, facts={}), restorer.restore(other, facts={})
    seen = picture[:, :, 3] > 0
    assert np.array_equal(one[seen], two[seen])
    assert np.array_equal(one[~seen], picture[~seen]) and np.array_equal(two[~seen], other[~seen])
    as_opaque = [restorer.restore(p[:, :, :3], facts={}) for p in (picture, other)]
    assert not np.array_equal(as_opaque[0][seen], as_opaque[1][seen])  # without alpha, it would bleed
    assert np.array_equal(restorer.upscale(picture)[:30, :, :3], restorer.upscale(other)[:30, :, :3])
