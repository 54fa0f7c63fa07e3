"""One table of formats: docs, command line and service name what it has; a new row is all that a new one takes."""

import re
from collections import Counter
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from rednet.classical.kernels import load_kernel
from rednet.cli.app import app
from rednet.errors import ImageError
from rednet.files.listing import pictures_below
from rednet.images import PictureFile, formats, from_array, read_picture, to_array, write_picture
from rednet.images.encoding import check_format
from rednet.images.picture import libvips

USE = (Path(__file__).parents[2] / "docs" / "using.md").read_text("utf-8")

# WebP, taken out of the table and put back under another name, stands for a format that we do not know yet.
KNOWN = tuple(row for row in formats.FORMATS if row.name != "WebP")
TOY = formats.Format(
    "Toy", (".toy",), "webpload", "webpsave", "image/x-toy", more_endings=(".tiy",), saving={"lossless": True},
    gray=False, first_bytes=(b"RIFF",),
)  # fmt: skip


@pytest.fixture
def table(monkeypatch):
    """A function that changes the table; libvips opens the loaders that the table names when it is loaded."""

    def change(rows):
        monkeypatch.setattr(formats, "FORMATS", rows)
        libvips.cache_clear()

    yield change
    monkeypatch.undo()
    libvips.cache_clear()
    libvips()


def test_endings_names_and_loaders_belong_to_one_row_each():
    for values in (
        formats.read_endings(),
        formats.names(),
        [row.loader for row in formats.FORMATS],
        [row.media for row in formats.FORMATS],
    ):
        assert len(set(values)) == len(values)
    assert all(re.fullmatch(r"\.[a-z0-9]+", ending) for ending in formats.read_endings())


def test_the_docs_name_the_formats_of_the_table():
    (row,) = re.findall(r"^\| formats \| reads (.*); writes all of them but (.*) \|$", USE, re.MULTILINE)
    kinds = re.sub(r"\([^)]*\)", "", row[0]).partition(", recognised by")[0]
    assert [kind.strip() for kind in re.split(",| and ", kinds)] == list(formats.names())
    assert row[1] == formats.in_words(name for name in formats.names() if name not in written_names())


def test_the_docs_name_the_formats_that_have_a_quality_and_those_without_gray():
    lossy = formats.in_words(row.name for row in formats.written_formats() if row.lossy)
    assert f"sets the quality of the {lossy} that rednet writes" in USE
    without_gray = formats.in_words((row.name for row in formats.written_formats() if not row.gray), "and")
    assert f"gray stays gray ({without_gray} write it as RGB)" in USE


def test_the_help_and_the_service_name_the_formats_of_the_table():
    usual = [row.endings[0].removeprefix(".") for row in formats.written_formats()]
    lossy = formats.in_words(row.name for row in formats.written_formats() if row.lossy)
    for verb in ("restore", "dejpeg"):
        helps = {flag: p.help for p in get_command(app).commands[verb].params for flag in p.opts if hasattr(p, "help")}
        assert formats.in_words(usual) in helps["--format"]
        assert lossy in helps["--save-quality"]
    web = pytest.importorskip("rednet.web.api.options").RestoreOptions
    assert [value for part in get_args(web.model_fields["format"].annotation) for value in get_args(part)] == usual
    assert lossy in web.model_fields["save_quality"].description


def written_names():
    return [row.name for row in formats.written_formats()]


@pytest.mark.parametrize("row", formats.written_formats(), ids=lambda row: row.name)
@pytest.mark.parametrize("depth", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("bands", [1, 3, 4])
def test_a_file_holds_what_its_row_says(row, depth, bands, tmp_path):
    white = {"uint8": 255, "uint16": 65535}.get(depth, 1)
    levels = (np.random.default_rng(0).random((40, 30, bands)) * white).astype(depth)
    for ending in row.endings:
        path = tmp_path / f"a{ending}"
        if bands == 4 and not row.alpha:
            with pytest.raises(
                ImageError, match=rf"{row.name} has no transparency; use \.png, \.tif, \.webp or \.avif"
            ):
                write_picture(path, from_array(levels))
            continue
        write_picture(path, from_array(levels))
        file = PictureFile(path)
        assert (file.kind, file.depth) == (row.name, row.written_depth(depth))
        assert file.channels == (1 if bands == 1 and row.gray else 3) and (file.bands == 4) == (bands == 4)


@pytest.mark.parametrize(
    "row", [row for row in formats.written_formats() if row.longest_side], ids=lambda row: row.name
)
def test_a_picture_of_the_longest_side_is_written_and_one_of_a_pixel_more_is_refused(row, tmp_path):
    path, side = tmp_path / f"a{row.endings[0]}", row.longest_side
    with pytest.raises(
        ImageError, match=rf"{row.name} holds {side} px a side, not 1x{side + 1}; use .*\.png.* or \.\w+$"
    ):
        check_format(path, width=1, height=side + 1, alpha=False)
    check_format(path, width=1, height=side, alpha=False)
    levels = np.zeros((side, 16, 3), np.uint8)
    write_picture(path, from_array(levels))
    assert read_picture(path).size == f"16x{side}"


def test_a_format_that_is_only_read_is_not_written(tmp_path):
    with pytest.raises(ImageError, match=r"must end in one of \.jpg, \.jpeg, \.png, "):
        write_picture(tmp_path / "a.gif", from_array(np.zeros((4, 4, 3), np.uint8)))
    with pytest.raises(ImageError, match="must end in one of"):
        write_picture(tmp_path / "a.jfif", from_array(np.zeros((4, 4, 3), np.uint8)))


def test_without_its_row_a_format_is_unknown(table, tmp_path):
    levels = np.zeros((4, 4, 3), np.uint8)
    write_picture(tmp_path / "a.webp", from_array(levels))
    table(KNOWN)
    with pytest.raises(ImageError, match="none of JPEG, PNG, TIFF, AVIF, GIF"):
        PictureFile(tmp_path / "a.webp")
    with pytest.raises(ImageError, match="must end in one of"):
        write_picture(tmp_path / "b.webp", from_array(levels))
    assert not list(pictures_below(tmp_path, recursive=False, passed=Counter()))


def test_a_row_is_all_that_a_new_format_needs(table, tmp_path, make_model):
    levels = np.random.default_rng(0).integers(0, 256, (24, 20, 3), np.uint8)
    start, end = tmp_path / "start", tmp_path / "end"
    start.mkdir()
    table((*KNOWN, TOY))
    write_picture(start / "a.toy", from_array(levels))
    assert (to_array(read_picture(start / "a.toy")) == levels).all()
    (start / "a.toy").rename(start / "b.tiy")
    write_picture(start / "c.png", from_array(levels))
    words = ["denoise", start, "-o", end, "--format", "toy", "--model", make_model(depth=4, width=4, channels=3)]
    done = CliRunner().invoke(app, list(map(str, words)))
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in end.glob("[!.]*")) == ["b.toy", "c.toy"]
    one, other = (PictureFile(end / name) for name in ("b.toy", "c.toy"))
    assert one.format == other.format == TOY
    assert (one.read().pixels == other.read().pixels).all()  # they came from one picture
    assert (to_array(one.read()) != levels).any()


def test_a_kernel_is_drawn_in_a_format_whose_row_says_so(table, tmp_path):
    table((*KNOWN, TOY))
    write_picture(tmp_path / "kernel.toy", from_array(np.full((3, 3), 255, np.uint8)))
    np.testing.assert_allclose(load_kernel(tmp_path / "kernel.toy"), np.full((3, 3), 1 / 9))
