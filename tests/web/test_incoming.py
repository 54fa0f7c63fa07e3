"""What browsers send lies in our folder alone, is told apart by what is in it, and goes with the page that sent it."""

import io
import os
import struct
import zlib

import numpy as np
import pytest

from rednet.errors import OptionError
from rednet.web import incoming as module
from rednet.web.incoming import MOST_FILES, Incoming, own_file
from rednet.web.strokes import read_strokes
from tests.web.conftest import as_bytes, files_below

RED = (255, 0, 0)


@pytest.fixture
def incoming(tmp_path):
    return Incoming(tmp_path / "in", 1 << 20)


def send(incoming, content=b"abc", name="a.png"):
    return incoming.add(io.BytesIO(content), name)


def test_only_a_regular_file_below_the_folder_and_without_a_link_is_ours(incoming, tmp_path):
    own = send(incoming)
    assert own_file(str(own), incoming.folder) == own
    outside = tmp_path / "outside.png"
    outside.write_bytes(b"abc")
    link, pipe, linked = (incoming.folder / name for name in ("link", "pipe", "linked"))
    link.symlink_to(own)
    linked.symlink_to(tmp_path)
    os.mkfifo(pipe)
    for path in (outside, link, pipe, linked / "outside.png", incoming.folder / "../outside.png", "/dev/zero", "",
                 incoming.folder, own.parent, f"{own}\0", own.parent / "none", own.name, "/proc/self/mem"):  # fmt: skip
        with pytest.raises(OptionError, match="not sent to this server"):
            own_file(str(path), incoming.folder)


def test_a_file_goes_with_the_last_page_that_uses_it(incoming):
    path = send(incoming)
    for page in ("one", "two"):
        incoming.claim(str(path), page)
    incoming.forget("one")
    assert path.read_bytes() == b"abc"
    incoming.forget("two")
    assert not files_below(incoming.folder)
    with pytest.raises(OptionError, match="choose it again"):
        incoming.claim(str(path), "one")


def test_a_file_that_comes_again_while_its_page_lets_it_go_stays(incoming):
    path = send(incoming)
    incoming.claim(str(path), "one")
    assert send(incoming) == path
    incoming.release(str(path), "one")
    assert incoming.claim(str(path), "one").exists()


def test_two_names_of_one_content_are_two_files(incoming):
    first, second = send(incoming, name="a.png"), send(incoming, name="b.png")
    incoming.claim(str(first), "one")
    incoming.forget("one")
    assert not first.exists() and second.exists()


def test_a_page_and_all_pages_have_their_limits(incoming, monkeypatch):
    for number in range(MOST_FILES + 3):
        incoming.claim(str(send(incoming, b"%d" % number)), "one")
    assert len(files_below(incoming.folder)) == MOST_FILES
    for number in range(5):
        newest = send(incoming, b"%d" % number * 300_000)
    assert sum(path.stat().st_size for path in files_below(incoming.folder)) <= 1 << 20 and newest.exists()


def test_a_file_that_cannot_be_kept_whole_is_not_kept(incoming):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            if self.tell():
                raise OSError("broken off")
            return super().read(2)

    with pytest.raises(OSError, match="broken off"):
        incoming.add(Broken(b"abc"), "a.png")
    assert not files_below(incoming.folder)


def test_what_nobody_uses_goes_after_a_while_and_what_is_used_later(incoming, monkeypatch):
    used, unused = send(incoming, b"1"), send(incoming, b"2")
    incoming.claim(str(used), "one")
    left, empty, shown = (incoming.folder / name for name in ("tmpa", "tmpb", "desk-a"))
    left.write_bytes(b"x")
    empty.touch()
    shown.mkdir()
    incoming.tidy()
    assert used.exists() and unused.exists() and left.exists() and not empty.exists()
    monkeypatch.setattr(module, "UNUSED_S", 0.0)
    incoming.tidy()
    assert used.exists() and not unused.exists()
    monkeypatch.setattr(module, "IDLE_S", -1.0)
    incoming.tidy()
    assert not used.exists() and not left.exists() and shown.exists()


def painted(incoming, width=8, height=6, alpha=None, kind="PNG"):
    levels = np.zeros((height, width, 4), np.uint8)
    levels[2:4, 3:5, 3] = 255
    return send(incoming, as_bytes(levels if alpha is None else levels[:, :, :alpha], kind), "layer.png")


def read(incoming, *paths, size=(8, 6)):
    return read_strokes(paths, incoming.folder, size, RED)


def test_strokes_are_read_as_they_were_painted(incoming):
    (layer,) = read(incoming, painted(incoming))
    assert layer.shape == (6, 8, 4) and (layer[2:4, 3:5] == (255, 0, 0, 255)).all() and (layer[:, :, 3] > 0).sum() == 4


def flat_png(width, height):
    """Makes a small file of a large PNG that is one colour."""

    def part(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    row = zlib.compress(bytes(1 + 4 * width) * height, 9)
    head = struct.pack(">2I5B", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", row) + part(b"IEND", b"")


def test_strokes_that_are_no_png_of_the_pictures_size_are_refused_before_they_are_decoded(incoming, monkeypatch):
    def decode(*arguments, **options):
        raise AssertionError("it was decoded")

    monkeypatch.setattr("rednet.web.strokes.read_picture", decode)
    postscript = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 6\n"
    levels = np.zeros((6, 8, 4), np.uint8)
    for content in (b"", b"x", postscript, b"SIMPLE  =                    T", b"<svg width='8' height='6'/>",
                    as_bytes(levels, "WEBP"), as_bytes(levels, "TIFF"), as_bytes(levels[:, :, :3], "BMP"),
                    as_bytes(levels[:5]), as_bytes(levels.transpose(1, 0, 2).copy()), flat_png(4000, 4000),
                    as_bytes(levels)[:20]):  # fmt: skip
        with pytest.raises(OptionError, match="not a PNG of 8x6 px"):
            read(incoming, send(incoming, content, "layer.png"))
    with pytest.raises(AssertionError, match="it was decoded"):  # control
        read(incoming, painted(incoming))


def test_strokes_that_are_broken_too_many_or_elsewhere_are_refused(incoming, tmp_path):
    from rednet.errors import RednetError

    with pytest.raises(RednetError):
        read(incoming, send(incoming, flat_png(8, 6)[:45], "layer.png"))
    with pytest.raises(OptionError, match="too much"):
        read(incoming, *[painted(incoming)] * 5)
    with pytest.raises(OptionError, match="no transparency"):
        read(incoming, painted(incoming, alpha=3))
    (tmp_path / "a.png").write_bytes(flat_png(8, 6))
    with pytest.raises(OptionError, match="not sent to this server"):
        read(incoming, tmp_path / "a.png")
