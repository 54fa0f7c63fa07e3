"""A corpus of hostile files: each gives one line of error or a right result; nothing is half-written or overwritten."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from rednet.errors import RednetError
from rednet.files.file import FileTask
from rednet.files.handling import Handling
from rednet.images import PictureFile
from rednet.images.saving import Saving
from rednet.restoring.restorer import Restorer
from tests.tasks import BLIND, run_task

from .test_matrix import png_chunk, srgb_profile, write_png, write_tiff

SIDE = 40
TRUNCATED = ("jpg", "png", "tif", "webp", "avif")
FORMAT_OF = {"jpg": "JPEG", "png": "PNG", "tif": "TIFF", "webp": "WEBP", "avif": "AVIF"}


def levels():
    return np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)


def whole(suffix, folder):
    path = folder / f"whole.{suffix}"
    Image.fromarray(levels()).save(path, FORMAT_OF[suffix])
    content = path.read_bytes()
    path.unlink()
    return content


def resized_png(folder, width, height):
    content = bytearray(whole("png", folder))
    content[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, "big")
    return bytes(content)


def resized_jpeg(folder, width, height):
    content = bytearray(whole("jpg", folder))
    start = content.index(b"\xff\xc0") + 5
    content[start : start + 4] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(content)


def resized_tiff(width, height):
    """A TIFF whose directory promises more than there is."""
    rows = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1),
            (278, 4, height), (279, 4, 16)]  # fmt: skip
    directory = struct.pack("<H", len(rows)) + b"".join(struct.pack("<HHII", t, k, 1, v) for t, k, v in rows)
    return b"II*\0" + struct.pack("<I", 24) + bytes(16) + directory + bytes(4)


def floats(folder, value):
    values = np.full((SIDE, SIDE), 0.5, np.float32)
    values[3, 4] = value
    tifffile.imwrite(folder / "f.tif", values)
    return (folder / "f.tif").read_bytes()


def with_exif(folder, exif):
    content = whole("jpg", folder)
    segment = b"Exif\0\0" + exif
    return content[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + content[2:]


def endless_directories(folder):
    """A TIFF whose directory follows itself."""
    content = bytearray(whole("tif", folder))
    (start,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, start)
    struct.pack_into("<I", content, start + 2 + 12 * count, start)
    return bytes(content)


def written(function, *arguments):
    def content(folder):
        path = folder / "made"
        function(path, *arguments)
        return path.read_bytes()

    return content


# Of what may go either way, a JPEG that ends too soon and says so itself is shown as libjpeg shows it.
REFUSED, RESTORED, EITHER = "refused", "restored", "either"
CORPUS = {
    **{
        f"cut-{suffix}-{tenth}.{suffix}": (
            REFUSED,
            lambda f, s=suffix, t=tenth: whole(s, f)[: len(whole(s, f)) * t // 10],
        )
        for suffix in TRUNCATED
        for tenth in range(10)
    },
    "zero.jpg": (REFUSED, lambda f: b""),
    "text.png": (REFUSED, lambda f: b"this is no picture"),
    "zeros.tif": (REFUSED, lambda f: bytes(5000)),
    "script.png": (REFUSED, lambda f: b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"),
    "table.png": (REFUSED, lambda f: b"1,2,3\n4,5,6\n"),
    "jpeg-named.png": (RESTORED, lambda f: whole("jpg", f)),
    "png-named.jpg": (RESTORED, lambda f: whole("png", f)),
    "tiff-named.webp": (RESTORED, lambda f: whole("tif", f)),
    "no-ending.png": (RESTORED, lambda f: whole("webp", f)),
    "bomb.png": (REFUSED, lambda f: resized_png(f, 40_000, 20_000)),
    "huge.png": (REFUSED, lambda f: resized_png(f, 2**31 - 1, 2**31 - 1)),
    "flat.png": (REFUSED, lambda f: resized_png(f, 0, 0)),
    "thin.png": (REFUSED, lambda f: resized_png(f, 2**31 - 1, 1)),
    "taller.png": (REFUSED, lambda f: resized_png(f, SIDE, 4000)),
    "taller.jpg": (EITHER, lambda f: resized_jpeg(f, SIDE, 60_000)),
    "huge.jpg": (REFUSED, lambda f: resized_jpeg(f, 65_500, 65_500)),
    "flat.jpg": (REFUSED, lambda f: resized_jpeg(f, 0, SIDE)),
    "huge.tif": (REFUSED, lambda f: resized_tiff(2**31 - 1, 2**31 - 1)),
    "wide.tif": (REFUSED, lambda f: resized_tiff(2**32 - 1, 1)),
    "flat.tif": (REFUSED, lambda f: resized_tiff(0, 0)),
    "promising.tif": (REFUSED, lambda f: resized_tiff(3000, 3000)),
    "endless.tif": (EITHER, endless_directories),
    "nan.tif": (REFUSED, lambda f: floats(f, np.nan)),
    "infinite.tif": (REFUSED, lambda f: floats(f, np.inf)),
    "minus-infinite.tif": (REFUSED, lambda f: floats(f, -np.inf)),
    "large-floats.tif": (REFUSED, lambda f: floats(f, 1e30)),
    "tiny-floats.tif": (RESTORED, lambda f: floats(f, 1e-40)),
    "broken-profile.png": (RESTORED, written(write_png, levels(), 1, b"no profile")),
    "cut-profile.png": (RESTORED, written(write_png, levels(), 1, srgb_profile()[:300])),
    "broken-profile.tif": (RESTORED, written(write_tiff, levels(), 1, bytes(500))),
    "broken-exif.jpg": (RESTORED, lambda f: with_exif(f, b"MM\0*\xff\xff\xff\xff")),
    "endless-exif.jpg": (RESTORED, lambda f: with_exif(f, b"II*\0\x08\0\0\0" + b"\xff" * 60)),
    "empty-exif.jpg": (RESTORED, lambda f: with_exif(f, b"")),
    "orientation-99.tif": (EITHER, written(write_tiff, levels(), 99, None)),
    "orientation-0.tif": (EITHER, written(write_tiff, levels(), 0, None)),
    "broken-text.png": (
        EITHER,
        lambda f: whole("png", f)[:33] + png_chunk(b"zTXt", b"k\0\0no zlib") + whole("png", f)[33:],
    ),
    "one-pixel.png": (RESTORED, written(write_png, levels()[:1, :1], 1, None)),
    "one-row.png": (RESTORED, written(write_png, levels()[:1], 1, None)),
}


@pytest.fixture(scope="module")
def restorer(make_model):
    return Restorer.from_pretrained(make_model(depth=4, width=2, channels=3, stride=2), threads=1)


def test_the_corpus_is_large():
    assert len(CORPUS) >= 60


def restore(source, target, restorer, **handling):
    run_task(source, target, restorer, **handling)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("name", CORPUS)
def test_a_hostile_file_is_refused_in_one_line_or_restored(name, streamed, tmp_path, restorer, monkeypatch):
    monkeypatch.setattr("rednet.files.file.STREAM_FROM", 0 if streamed else 1e9)
    expected, make = CORPUS[name]
    content = make(tmp_path)
    for path in tmp_path.iterdir():
        path.unlink()
    source, target = tmp_path / name, tmp_path / f"out{Path(name).suffix}"
    source.write_bytes(content)
    try:
        restore(source, target, restorer)
        outcome = RESTORED
    except RednetError as error:
        outcome = REFUSED
        assert "\n" not in str(error) and str(source) in str(error)
    assert outcome == expected or expected == EITHER
    assert source.read_bytes() == content
    left = {path.name for path in tmp_path.iterdir()}
    assert left == ({name, target.name} if outcome == RESTORED else {name})
    if outcome == RESTORED:
        assert PictureFile(target).read().pixels.shape[:2] == PictureFile(source).read().pixels.shape[:2]


def test_neither_a_folder_nor_a_pipe_nor_a_cyclic_link_nor_an_odd_name_is_read(tmp_path, restorer):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nowhere.png")
    for name in ("pipe.png", "loop.png", "dangling.png", "absent.png", "."):
        with pytest.raises(RednetError):
            restore(tmp_path / name, tmp_path / "out.png", restorer)
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    "name", ["a[page=2].png", "a [1].png", "été 日本.png", "a\nb.png", os.fsdecode(b"\xff\xfe.png")]
)
def test_odd_names_are_only_names(name, tmp_path, restorer):
    Image.fromarray(levels()).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / name)
    restore(tmp_path / name, tmp_path / f"out {name}", restorer)
    assert PictureFile(tmp_path / f"out {name}").width == SIDE


def test_an_output_that_appears_meanwhile_is_not_overwritten(tmp_path, restorer):
    Image.fromarray(levels()).save(tmp_path / "a.png")
    task = FileTask(tmp_path / "a.png", tmp_path / "b.png", BLIND, Handling())
    task.load()
    task.restore(restorer)
    (tmp_path / "b.png").write_bytes(b"precious")
    with pytest.raises(RednetError, match="exists already"):
        task.save()
    task.close()
    assert (tmp_path / "b.png").read_bytes() == b"precious"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path, restorer):
    Image.fromarray(levels()).save(tmp_path / "a.png")
    (tmp_path / "b.png").symlink_to(tmp_path / "elsewhere.png")
    with pytest.raises(RednetError, match="exists already"):
        restore(tmp_path / "a.png", tmp_path / "b.png", restorer, saving=Saving())
    assert not (tmp_path / "elsewhere.png").exists()


@pytest.mark.parametrize("suffix", [*TRUNCATED, "gif"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.95])
def test_a_file_that_breaks_off_is_told_in_a_sentence_with_what_to_do(suffix, share, tmp_path):
    path = tmp_path / f"a.{suffix}"
    names = {**FORMAT_OF, "webp": "WebP", "gif": "GIF"}
    Image.fromarray(levels()).save(path, names[suffix])
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(RednetError) as error:
        PictureFile(path).read()
    said = str(error.value)
    assert f"format is {names[suffix]}, but it breaks off or is damaged; copy it once more" in said
    assert not [word for word in ("ips", "lib", "scanline", "(2.", "parse", "source") if word in said]
