"""The EXIF of TIFF files, seen by tifffile and Pillow."""

import numpy as np
import pytest
import pyvips
import tifffile
from PIL import Image, TiffImagePlugin

from rednet.images import from_array, read_picture, write_picture
from rednet.images.directories import Tag
from rednet.images.saving import Saving
from rednet.images.tiff_tags import append_tags, read_tags
from rednet.images.writing import save_levels

EXPOSURE, ISO, LATITUDE = 33434, 34855, 2
EXIF = 34665


def camera_exif():
    exif = Image.Exif()
    exif[271], exif[315] = "A maker", "An artist"
    exif.get_ifd(0x8769)[EXPOSURE] = TiffImagePlugin.IFDRational(1, 125)
    exif.get_ifd(0x8769)[ISO] = 400
    exif.get_ifd(0x8769)[40962], exif.get_ifd(0x8769)[40963] = 30, 20
    exif.get_ifd(0x8825)[LATITUDE] = (48.0, 51.0, 29.0)
    return exif


def check(exif):
    assert exif[271] == "A maker" and exif[315] == "An artist"
    camera = exif.get_ifd(0x8769)
    assert camera[EXPOSURE] == pytest.approx(1 / 125) and camera[ISO] == 400
    assert [float(part) for part in exif.get_ifd(0x8825)[LATITUDE]] == [48, 51, 29]


def test_what_the_camera_says_survives_from_jpeg_to_tiff_and_back(tmp_path, rng):
    levels = rng.integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(levels).save(tmp_path / "a.jpg", exif=camera_exif())
    write_picture(tmp_path / "b.tif", read_picture(tmp_path / "a.jpg"))
    write_picture(tmp_path / "c.tif", read_picture(tmp_path / "b.tif"))
    write_picture(tmp_path / "d.jpg", read_picture(tmp_path / "c.tif"))
    for name in ("b.tif", "c.tif", "d.jpg"):
        with Image.open(tmp_path / name) as file:
            check(file.getexif())
    with tifffile.TiffFile(tmp_path / "c.tif") as file:
        assert file.pages[0].tags[34665].value["ISOSpeedRatings"] == 400
        assert np.array_equal(file.pages[0].asarray(), read_picture(tmp_path / "a.jpg").pixels * 255)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_tags_are_read_in_either_byte_order_and_size(order, big, tmp_path):
    tags = [(271, "s", 0, "A maker", True), (306, "s", 0, "2024:01:02 03:04:05", True)]
    levels = np.zeros((9, 14), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", levels, extratags=tags, byteorder=order, bigtiff=big, metadata=None)
    write_picture(tmp_path / "b.tif", read_picture(tmp_path / "a.tif"))
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        found = {tag.code: tag.value for tag in file.pages[0].tags}
    assert (found[271], found[306]) == ("A maker", "2024:01:02 03:04:05")


def test_tags_are_added_to_a_bigtiff(tmp_path):
    image = pyvips.Image.new_from_array(np.full((9, 14), 7, np.uint8)).copy(interpretation="b-w")
    image.tiffsave(str(tmp_path / "a.tif"), bigtiff=True)
    with (tmp_path / "a.tif").open("r+b") as file:
        assert append_tags(file, [{271: Tag(2, b"A maker\0")}], {}, {})
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.is_bigtiff and file.pages[0].tags[271].value == "A maker"
        assert (file.pages[0].asarray() == 7).all()


@pytest.mark.parametrize(
    "content", [b"", b"II", b"II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff", b"GIF89a"]
)
def test_what_is_broken_has_no_tags(content, tmp_path):
    (tmp_path / "a.tif").write_bytes(content)
    found = read_tags(tmp_path / "a.tif", [0])
    assert found is None or not (any(found.pages) or any(found.exif))


@pytest.mark.parametrize("pages", [1, 3])
def test_the_size_that_a_tiff_tells_is_that_of_its_pages(pages, tmp_path, rng):
    levels = rng.integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(levels).save(tmp_path / "a.jpg", exif=camera_exif())
    header = read_picture(tmp_path / "a.jpg").header
    larger = levels.repeat(2, axis=0).repeat(2, axis=1)  # as after enlarging
    save_levels(tmp_path / "b.tif", [larger] * pages, header, Saving())
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        told = file.pages[0].tags[EXIF].value
        assert len(file.pages) == pages and told["ISOSpeedRatings"] == 400
    assert (told["PixelXDimension"], told["PixelYDimension"]) == (60, 40)


@pytest.mark.parametrize("software", [None, "a program"])
def test_a_tiff_tells_nothing_that_nobody_has_said(software, tmp_path, rng):
    Image.fromarray(rng.integers(0, 256, (20, 30, 3), np.uint8)).save(tmp_path / "a.png")
    header = read_picture(tmp_path / "a.png").header
    save_levels(tmp_path / "b.tif", [np.zeros((9, 14, 3), np.uint8)], header, Saving(software=software))
    write_picture(tmp_path / "c.tif", from_array(np.zeros((9, 14), np.uint8)))
    for name, said in (("b.tif", software), ("c.tif", None)):
        with tifffile.TiffFile(tmp_path / name) as file:
            found = {tag.code: tag.value for tag in file.pages[0].tags}
        assert EXIF not in found and found.get(305) == said
