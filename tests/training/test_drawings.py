import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from rednet.errors import TrainingError
from rednet.training.drawings import KINDS, Drawings, drawn, writing
from rednet.training.drawings.sheet import Sheet
from rednet.training.drawings.writing import OWN_TYPEFACE, SCRIPTS, Typeface, Writer, scripts_of, typefaces


def drawing(kind, seed, *, height=120, width=150, installed=False):
    return KINDS[kind].draw(height, width, np.random.default_rng(seed), installed)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("installed", [False, True])
def test_every_kind_draws_pictures_that_are_not_empty_and_not_alike(kind, installed):
    pictures = [drawing(kind, seed, installed=installed) for seed in range(6)]
    for picture in pictures:
        assert picture.shape == (120, 150, 3) and picture.dtype == np.uint8
    assert sum(picture.std() > 2 for picture in pictures) >= 5
    assert len({picture.tobytes() for picture in pictures}) == 6
    assert np.array_equal(pictures[0], drawing(kind, 0, installed=installed))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 40), (40, 3), (33, 47)])
def test_a_drawing_may_have_any_size(kind, height, width):
    for seed in range(3):
        assert drawing(kind, seed, height=height, width=width).shape == (height, width, 3)


def test_drawing_n_follows_from_the_seed_and_n_alone():
    one, two = Drawings(5, 64, 64, installed=False), Drawings(5, 64, 64, installed=False)
    first = [one[n].copy() for n in range(4)]
    drawn.cache_clear()
    assert all(np.array_equal(first[n], two[n]) for n in (3, 1, 0, 2))
    assert not np.array_equal(first[0], Drawings(6, 64, 64, installed=False)[0])


def test_kinds_come_as_often_as_their_weights_say():
    drawings = Drawings(0)
    kinds = [drawings.kind(n) for n in range(3000)]
    total = sum(kind.weight for kind in KINDS.values())
    for name, kind in KINDS.items():
        share = kind.weight / total
        assert abs(kinds.count(name) / 3000 - share) < 5 * np.sqrt(share * (1 - share) / 3000)


def test_a_drawing_is_kept_and_cannot_be_written_to():
    drawings = Drawings(0, 32, 32, installed=False)
    assert drawings[0] is drawings[0]
    with pytest.raises(ValueError, match="read-only"):
        drawings[0][0] = 0
    with pytest.raises(TrainingError, match="at least 1 px"):
        Drawings(0, 0, 32)


def test_where_no_font_is_installed_pillows_own_is_used(monkeypatch):
    monkeypatch.setattr(writing, "FOLDERS", ("/nowhere",))
    typefaces.cache_clear()
    try:
        assert typefaces() == ()
        writers = [Writer(np.random.default_rng(seed), installed=True) for seed in range(9)]
        assert {writer.script for writer in writers} == {"Latin"} and not any(writer.face.path for writer in writers)
        assert np.array_equal(drawing("prose", 1, installed=True), drawing("prose", 1, installed=False))
    finally:
        typefaces.cache_clear()


def test_a_file_that_is_no_font_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "broken.ttf").write_bytes(b"not a font")
    monkeypatch.setattr(writing, "FOLDERS", (str(tmp_path),))
    typefaces.cache_clear()
    try:
        assert scripts_of(str(tmp_path / "broken.ttf")) == () == typefaces()
        sheet = Sheet(20, 60, (255, 255, 255))
        sheet.text(2, 2, "word", Typeface(str(tmp_path / "broken.ttf")), 12, (0, 0, 0))
        assert sheet.finished().min() < 100
    finally:
        typefaces.cache_clear()


@pytest.mark.parametrize(("path", "scripts"), typefaces()[:3], ids=lambda value: str(value)[-24:])
def test_a_typeface_is_used_for_the_scripts_of_which_it_has_every_letter(path, scripts):
    missing = bytes(writing.loaded(path, 16).getmask("\uffff"))
    for script in scripts:
        assert not any(bytes(writing.loaded(path, 16).getmask(x)) == missing for x in "".join(SCRIPTS[script]))


def test_edges_are_hard_smooth_or_moved_by_a_third_of_a_pixel():
    def half_black(edges):
        sheet = Sheet(4, 8, (255, 255, 255), edges)
        sheet.box(0, 0, 3.5, 4, (0, 0, 0))
        return sheet.finished()[1]

    assert set(half_black("hard").ravel()) == {0, 255}
    assert 100 < half_black("smooth")[3, 0] < 160 and np.ptp(half_black("smooth"), axis=1).max() == 0
    assert np.ptp(half_black("subpixel")[:7], axis=1).max() > 60


def test_text_is_as_wide_as_it_was_measured():
    sheet = Sheet(30, 200, (255, 255, 255))
    written = sheet.text(10, 4, "a few words", OWN_TYPEFACE, 14, (0, 0, 0))
    columns = np.flatnonzero((sheet.finished() < 128).any(axis=(0, 2)))
    assert written == sheet.measure("a few words", OWN_TYPEFACE, 14)
    assert 0 < written - np.ptp(columns) < 5  # a letter's ink ends before its width does
    assert sheet.measure("a few words m", OWN_TYPEFACE, 14) > written + 5


def test_the_command_draws_a_contact_sheet_with_every_kind(tmp_path):
    command = [
        sys.executable,
        "-m",
        "rednet.training.drawings",
        tmp_path / "sheet.png",
        "--size",
        "64",
        "--count",
        "25",
    ]
    subprocess.run([*command, "--own-font"], check=True)
    assert Image.open(tmp_path / "sheet.png").size == (5 * 70, 5 * 70)
