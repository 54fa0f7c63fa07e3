import errno
import os
import re
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pyvips
import tifffile
from PIL import Image, ImageCms, features

from rednet.errors import ImageError, OptionError
from rednet.images import PictureFile, from_array, read_picture, to_array, write_picture
from rednet.images.formats import written_endings
from rednet.images.saving import Saving
from rednet.images.writing import check_place, save_levels
from rednet.whole_files import part_file, sweep


@pytest.mark.parametrize(
    ("suffix", "dtype"),
    [(".png", "uint8"), (".png", "uint16"), (".tif", "uint8"), (".tif", "uint16"), (".tif", "float32")],
)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_lossless_file_keeps_depth_channels_and_every_level(dtype, channels, suffix, tmp_path, rng):
    values = rng.random((6, 5, channels)) * (1 if dtype == "float32" else np.iinfo(dtype).max)
    path = tmp_path / f"a{suffix}"
    write_picture(path, from_array(values.astype(dtype)))
    picture = read_picture(path)
    assert picture.depth == dtype
    assert np.array_equal(to_array(picture), values.astype(dtype))


def test_an_independent_reader_sees_the_same_pixels(tmp_path, rng):
    levels = rng.integers(0, 256, (6, 5, 4), np.uint8)
    write_picture(tmp_path / "a.png", from_array(levels))
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), levels)


def test_jpeg_is_written_at_full_colour_resolution(tmp_path, photo):
    write_picture(tmp_path / "a.jpg", from_array(photo))
    with Image.open(tmp_path / "a.jpg") as file:
        assert file.layer[0][1:3] == file.layer[1][1:3]  # no chroma subsampling


def test_orientation_is_applied_once_and_metadata_is_kept(tmp_path, photo):
    source = Image.fromarray((photo * 255).astype(np.uint8))
    exif = source.getexif()
    exif[0x0112], exif[0x010F] = 6, "A maker"  # rotate by 90 degrees
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source.save(tmp_path / "a.jpg", exif=exif, dpi=(240, 240), icc_profile=profile)
    picture = read_picture(tmp_path / "a.jpg")
    assert picture.pixels.shape[:2] == (source.width, source.height)
    write_picture(tmp_path / "b.jpg", picture)
    with Image.open(tmp_path / "b.jpg") as written:
        assert written.size == (source.height, source.width)
        assert written.getexif().get(0x0112, 1) == 1
        assert written.getexif()[0x010F] == "A maker"
        assert written.info["icc_profile"] == profile
        assert round(written.info["dpi"][0]) == 240


@pytest.mark.parametrize(
    "notation", [b'<rdf:Description tiff:Orientation="6"/>', b"<tiff:Orientation>6</tiff:Orientation>"]
)
def test_the_orientation_in_xmp_is_reset_too(notation, tmp_path, photo):
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF>" + notation + b"</rdf:RDF></x:xmpmeta>"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray((photo * 255).astype(np.uint8)).save(tmp_path / "a.jpg", exif=exif, xmp=xmp)
    write_picture(tmp_path / "b.jpg", read_picture(tmp_path / "a.jpg"))
    with Image.open(tmp_path / "b.jpg") as written:
        assert notation.replace(b"6", b"1") in written.info["xmp"]


def test_the_software_tag_says_all_that_it_is_told(tmp_path):
    said = "rednet 1.0 (denoise, universal)"
    exif = Image.Exif()
    exif[0x0131], exif[0x013B] = "A program (old)", "An artist (a name) (another)"
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", exif=exif)
    header = read_picture(tmp_path / "a.jpg").header
    for suffix in written_endings():
        save_levels(tmp_path / f"b{suffix}", [np.zeros((8, 8, 3), np.uint8)], header, Saving(software=said))
        with Image.open(tmp_path / f"b{suffix}") as written:
            found = written.getexif()
        assert (found[0x0131], found[0x013B]) == (said, exif[0x013B])


def hostile(folder):
    """Makes files that are no pictures, by name."""
    whole = folder / "whole.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(whole)
    content = whole.read_bytes()
    jpeg = folder / "whole.jpg"
    Image.open(whole).save(jpeg)
    bomb = bytearray(content)
    bomb[16:24] = (20000).to_bytes(4, "big") + (10000).to_bytes(4, "big")
    import zlib

    bomb[29:33] = zlib.crc32(bytes(bomb[12:29])).to_bytes(4, "big")
    files = {
        "empty.png": b"",
        "text.png": b"this is no picture",
        "truncated.png": content[: len(content) // 2],
        "truncated.jpg": jpeg.read_bytes()[: jpeg.stat().st_size // 2],
        "header.png": content[:40],
        "bomb.png": bytes(bomb),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in files] + [folder, folder / "absent.png"]


@pytest.mark.parametrize("number", range(8))
def test_what_is_no_picture_is_one_clear_error(number, tmp_path):
    path = hostile(tmp_path)[number]
    with pytest.raises(ImageError) as caught:
        read_picture(path)
    message = str(caught.value)
    assert str(path) in message and "\n" not in message
    if path.name == "bomb.png":
        assert "200 megapixels" in message and "limit is 100" in message


def test_a_larger_limit_admits_a_larger_picture(tmp_path):
    Image.new("L", (2000, 1000)).save(tmp_path / "a.png")
    with pytest.raises(ImageError, match="2 megapixels; the limit is 1; raise max_megapixels"):
        read_picture(tmp_path / "a.png", max_megapixels=1)
    assert read_picture(tmp_path / "a.png", max_megapixels=2).size == "2000x1000"


def test_several_pages_and_other_colours_are_refused_rather_than_dropped(tmp_path):
    pages = [Image.new("L", (8, 8), level) for level in (0, 100)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(ImageError, match="2 pages"):
        read_picture(tmp_path / "a.tif")
    pyvips.Image.black(8, 8, bands=3).copy(interpretation="lab").cast("float").write_to_file(tmp_path / "b.tif")
    with pytest.raises(ImageError, match="convert it to RGB"):
        read_picture(tmp_path / "b.tif")


def test_an_animated_png_is_refused_rather_than_cut_to_its_first_frame(tmp_path):
    frames = [Image.new("L", (8, 8), level) for level in (0, 100, 200)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    with pytest.raises(ImageError, match=r"a\.png is animated"):
        read_picture(tmp_path / "a.png")
    still = (tmp_path / "a.png").read_bytes()
    start = still.index(b"acTL") - 4
    (tmp_path / "b.png").write_bytes(still[:start] + still[start + 20 :])  # the same without the chunk that counts
    assert read_picture(tmp_path / "b.png").size == "8x8"
    frames[0].save(tmp_path / "c.png", icc_profile=b"acTL" * 9)  # the word alone does not matter
    assert read_picture(tmp_path / "c.png").size == "8x8"


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow writes no AVIF")
@pytest.mark.parametrize("brand", [b"avis", b"avif"])
def test_an_animated_avif_is_refused_as_such(tmp_path, brand):
    frames = [Image.new("L", (16, 16), level) for level in (0, 100, 200)]
    frames[0].save(tmp_path / "a.avif", save_all=True, append_images=frames[1:])
    content = (tmp_path / "a.avif").read_bytes()
    assert content[4:12] == b"ftypavis"
    (tmp_path / "a.avif").write_bytes(content[:8] + brand + content[12:])  # libvips opens a film that begins as a still
    with pytest.raises(ImageError, match=r"animated.*frames as files of their own"):
        read_picture(tmp_path / "a.avif")


def test_a_stack_behind_one_directory_is_refused_rather_than_cut_to_its_first_picture(tmp_path):
    """As ImageJ writes more than 4 GB, tifffile what it truncates, and MetaMorph everything."""
    stack = np.arange(3 * 8 * 9, dtype=np.uint16).reshape(3, 8, 9)
    tifffile.imwrite(tmp_path / "imagej.tif", stack, imagej=True, truncate=True)
    tifffile.imwrite(tmp_path / "shaped.tif", stack, photometric="minisblack", truncate=True)
    planes = [(33629, "2I", 3, [0] * 6, True)]
    tifffile.imwrite(tmp_path / "metamorph.tif", stack, photometric="minisblack", truncate=True, extratags=planes,
                     description="MetaMorph", metadata=None)  # fmt: skip
    for name in ("imagej", "shaped", "metamorph"):
        with pytest.raises(ImageError, match="is a stack of 3 pictures of which only the first has a directory"):
            PictureFile(tmp_path / f"{name}.tif")
    tifffile.imwrite(tmp_path / "pages.tif", stack, imagej=True)
    assert PictureFile(tmp_path / "pages.tif").pages == 3
    tifffile.imwrite(tmp_path / "first.tif", stack[0], description="ImageJ=1.53\nimages=3\n", metadata=None)
    assert PictureFile(tmp_path / "first.tif").pages == 1  # another program has taken the first picture out


def packed(path, bits, channels):
    """A TIFF of 8x8 px whose values follow each other without a gap."""
    rows = [(256, 8), (257, 8), (258, bits), (259, 1), (262, 2 if channels == 3 else 1), (277, channels), (278, 8)]
    content = bytes(8 * channels * bits)
    rows += [(273, 8 + 2 + 12 * 9 + 4), (279, len(content))]
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(rows))
    path.write_bytes(b"II*\0\x08\0\0\0" + struct.pack("<H", 9) + directory + bytes(4) + content)


def test_a_file_that_is_whole_is_never_called_damaged(tmp_path):
    for bits, channels in ((12, 1), (14, 1), (10, 3), (4, 3)):
        packed(tmp_path / "a.tif", bits, channels)
        with pytest.raises(ImageError, match="does not fill whole bytes; save it with 8 or 16 bits"):
            read_picture(tmp_path / "a.tif")
    tifffile.imwrite(tmp_path / "b.tif", np.zeros((8, 8, 3), np.uint8), photometric="cielab")
    with pytest.raises(ImageError, match="Lab; convert it to RGB"):
        read_picture(tmp_path / "b.tif")


def test_a_turned_picture_that_finds_no_room_for_a_temporary_file_is_not_called_damaged(tmp_path):
    turned = Image.Exif()
    turned[274] = 6
    Image.new("RGB", (64, 48)).save(tmp_path / "a.jpg", exif=turned)
    code = f"import rednet; rednet.inspect({str(tmp_path / 'a.jpg')!r})"
    small = {"VIPS_DISC_THRESHOLD": "1", "TMPDIR": str(tmp_path / "nowhere")}  # bytes that libvips keeps in memory
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, **small}, capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    assert re.search(
        r"ImageError: cannot read .*nowhere.*No such file or directory; set TMPDIR to another folder", last
    )


def test_palettes_and_one_bit_pictures_are_read_as_what_they_show(tmp_path):
    Image.new(
        "P",
        (8, 8),
        1,
    ).save(tmp_path / "p.png")
    Image.new("1", (8, 8), 1).save(tmp_path / "1.png")
    expected = np.asarray(Image.open(tmp_path / "p.png").convert("RGB")).astype(np.float32) / 255
    assert np.allclose(read_picture(tmp_path / "p.png").pixels, expected)
    assert (read_picture(tmp_path / "1.png").pixels == 1).all()


def test_an_existing_file_is_never_replaced_unasked(tmp_path, photo):
    path = tmp_path / "a.png"
    path.write_bytes(b"precious")
    with pytest.raises(ImageError, match="exists already"):
        write_picture(path, from_array(photo))
    assert path.read_bytes() == b"precious"
    write_picture(path, from_array(photo), overwrite=True)
    assert path.read_bytes() != b"precious"


def test_a_failed_write_leaves_nothing(tmp_path, photo, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", fail)
    with pytest.raises(ImageError, match="No space left"):
        write_picture(tmp_path / "a.png", from_array(photo))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_hard_links_is_written_all_the_same(tmp_path, photo, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", fail)
    write_picture(tmp_path / "a.png", from_array(photo))
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


def refusing(number):
    def flock(file, operation):
        raise OSError(number, os.strerror(number))

    return flock


@pytest.mark.parametrize("number", NO_LOCKS)
def test_a_disk_without_locks_is_written_all_the_same(number, tmp_path, photo, monkeypatch):
    monkeypatch.setattr("fcntl.flock", refusing(number))
    write_picture(tmp_path / "a.png", from_array(photo))
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_what_is_written_without_a_lock_is_never_swept(tmp_path, monkeypatch):
    (tmp_path / ".rednet-dead.part.png").touch()
    with monkeypatch.context() as here:
        here.setattr("fcntl.flock", refusing(errno.ENOLCK))
        living = part_file(tmp_path, ".png")
        part, file = living.__enter__()
        sweep(tmp_path)
        assert len(list(tmp_path.iterdir())) == 2  # without locks, nobody can tell
    sweep(tmp_path)  # as another process does, to which the disk gives locks
    assert list(tmp_path.iterdir()) == [part]
    file.write(b"whole")
    living.__exit__(None, None, None)
    assert not list(tmp_path.iterdir())


def test_a_lock_that_fails_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("fcntl.flock", refusing(errno.EAGAIN))
    with pytest.raises(BlockingIOError), part_file(tmp_path, ".png"):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no folder in which not even root can write")
def test_a_folder_that_cannot_be_written_is_refused_before_any_work(tmp_path):
    with pytest.raises(ImageError, match=r"cannot write /proc/a\.png: "):
        check_place(Path("/proc/a.png"), overwrite=False)
    check_place(tmp_path / "a.png", overwrite=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.xyz", "a", "absent/a.png"])
def test_an_output_that_cannot_be_written_is_refused(name, tmp_path, photo):
    with pytest.raises(ImageError, match="cannot write"):
        write_picture(tmp_path / name, from_array(photo))


def test_transparency_is_never_dropped_silently(tmp_path, rng):
    picture = from_array(rng.random((4, 4, 4)).astype(np.float32))
    with pytest.raises(ImageError, match="no transparency"):
        write_picture(tmp_path / "a.jpg", picture)
    with pytest.raises(OptionError, match="quality"):
        write_picture(tmp_path / "a.webp", picture, quality=0)


@pytest.mark.parametrize("suffix", written_endings())
def test_every_listed_format_can_be_written_and_read(suffix, tmp_path, photo):
    write_picture(tmp_path / f"a{suffix}", replace(from_array(photo), depth="uint8"))
    assert np.abs(read_picture(tmp_path / f"a{suffix}").pixels - photo).mean() < 0.03
