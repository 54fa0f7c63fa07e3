import logging
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from PIL import Image

from rednet.errors import ImageError, OptionError
from rednet.images import PictureFile, read_picture, to_array, write_picture
from rednet.restoring.options import Options

from .test_matrix import srgb_profile, wide_profile, write_png


def test_a_correction_goes_back_through_the_profile(tmp_path):
    """What is brightened in sRGB is brightened in the file; what is not touched keeps every level."""
    levels = np.full((8, 8, 3), (60, 120, 180), np.uint8)
    write_png(tmp_path / "a.png", levels, 1, wide_profile())
    picture = read_picture(tmp_path / "a.png")
    pixels = picture.pixels.copy()
    pixels[:4] += 0.1
    write_picture(tmp_path / "b.png", replace(picture, pixels=pixels))
    result = np.asarray(Image.open(tmp_path / "b.png")).astype(int)
    assert np.array_equal(result[4:], levels[4:])
    assert (result[:4] > levels[:4] + 10).all()
    seen = read_picture(tmp_path / "b.png").pixels
    assert np.abs(seen[:4] - pixels[:4]).max() < 1.5 / 255  # rounding to 8 bits in the profile's space


def test_colours_outside_srgb_are_kept(tmp_path):
    """A red that sRGB cannot show would be clipped by a trip there and back."""
    levels = np.full((8, 8, 3), (20, 250, 10), np.uint8)
    write_png(tmp_path / "a.png", levels, 1, wide_profile())
    write_picture(tmp_path / "b.png", read_picture(tmp_path / "a.png"))
    assert np.array_equal(np.asarray(Image.open(tmp_path / "b.png")), levels)


@pytest.mark.parametrize("data", [b"no profile at all", srgb_profile()[:200], b"\0" * 400])
def test_a_broken_profile_is_left_out_with_a_warning(data, tmp_path, caplog):
    levels = np.full((8, 8, 3), 100, np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", levels, photometric="rgb", iccprofile=data)
    with caplog.at_level(logging.WARNING):
        picture = read_picture(tmp_path / "a.tif")
    assert "colour profile is broken" in caplog.text
    assert np.array_equal(to_array(picture), levels)
    write_picture(tmp_path / "b.png", picture)
    assert "icc_profile" not in Image.open(tmp_path / "b.png").info


def test_a_gray_profile_is_honoured_and_kept(tmp_path):
    data = gray_profile(gamma=1.0)
    levels = np.linspace(10, 250, 64).astype(np.uint8).reshape(8, 8)
    Image.fromarray(levels).save(tmp_path / "a.png", icc_profile=data)
    picture = read_picture(tmp_path / "a.png")
    assert picture.pixels.shape == (8, 8, 1)
    linear = levels / 255
    expected = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.abs(picture.pixels[:, :, 0] - expected).max() < 0.01
    write_picture(tmp_path / "b.png", picture)
    with Image.open(tmp_path / "b.png") as written:
        assert np.array_equal(np.asarray(written), levels)
        assert written.info["icc_profile"] == data
    write_picture(tmp_path / "b.webp", picture, quality=100)  # has no gray: then it is sRGB without the profile
    with Image.open(tmp_path / "b.webp") as written:
        assert "icc_profile" not in written.info
        assert np.abs(np.asarray(written)[:, :, 0] / 255 - expected).max() < 0.03


def gray_profile(gamma):
    """Writes a minimal ICC profile of gray with a power curve (ICC.1:2001-04, section 6)."""

    def tag(kind, content):
        return (kind + b"\0\0\0\0" + content).ljust(-(-(8 + len(content)) // 4) * 4, b"\0")

    curve = tag(b"curv", (1).to_bytes(4, "big") + round(gamma * 256).to_bytes(2, "big"))
    white = tag(b"XYZ ", b"".join(round(v * 65536).to_bytes(4, "big") for v in (0.9642, 1.0, 0.8249)))
    name = tag(b"desc", (5).to_bytes(4, "big") + b"gray\0" + b"\0" * 78)
    text = tag(b"text", b"none\0")
    parts, table, offset = [], b"", 128 + 4 + 12 * 4
    for signature, part in ((b"desc", name), (b"cprt", text), (b"wtpt", white), (b"kTRC", curve)):
        table += signature + offset.to_bytes(4, "big") + len(part).to_bytes(4, "big")
        parts.append(part)
        offset += len(part)
    head = offset.to_bytes(4, "big") + b"lcms" + b"\x02\x10\0\0" + b"mntr" + b"GRAY" + b"XYZ " + b"\0" * 12 + b"acsp"
    head = head.ljust(68, b"\0") + b"".join(round(v * 65536).to_bytes(4, "big") for v in (0.9642, 1.0, 0.8249))
    return head.ljust(128, b"\0") + (4).to_bytes(4, "big") + table + b"".join(parts)


def test_cmyk_becomes_srgb_without_its_profile(tmp_path):
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "a.tif")
    file = PictureFile(tmp_path / "a.tif")
    assert (file.channels, file.depth) == (3, "uint8")
    red, green, blue = file.read().pixels[8, 8]
    assert red > 0.7 and green < 0.3 and blue < 0.3  # magenta and yellow make red
    write_picture(tmp_path / "b.jpg", file.read())
    with Image.open(tmp_path / "b.jpg") as written:
        assert written.mode == "RGB" and "icc_profile" not in written.info


def test_a_range_maps_linearly_and_keeps_what_lies_outside(tmp_path):
    values = np.array([[-500, 0, 1000, 4095, 9000]], np.float32)
    tifffile.imwrite(tmp_path / "a.tif", values)
    picture = read_picture(tmp_path / "a.tif", value_range=(0, 4095))
    np.testing.assert_allclose(picture.pixels[0, :, 0], values[0] / 4095, rtol=1e-6)
    write_picture(tmp_path / "b.tif", picture)
    assert np.array_equal(tifffile.imread(tmp_path / "b.tif"), values)
    write_picture(tmp_path / "c.tif", replace(picture, pixels=picture.pixels + np.float32(0.1)))
    np.testing.assert_allclose(tifffile.imread(tmp_path / "c.tif"), values + 409.5, rtol=1e-6)


def test_the_range_is_never_guessed(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.array([[0, 4095]], np.float32))
    with pytest.raises(ImageError, match="which range they have"):
        read_picture(tmp_path / "a.tif")
    for depth in ("int8", "int16", "int32", "uint32"):
        tifffile.imwrite(tmp_path / "b.tif", np.array([[0, 100]], depth))
        with pytest.raises(ImageError, match=f"{depth}, which has no white of its own: say which range") as caught:
            read_picture(tmp_path / "b.tif")
        assert caught.value.option == "range"


@pytest.mark.parametrize("text", ["", "1", "1,2,3", "2,1", "1,1", "a,b", "nan,1", "0,inf", 3, (1,), ("a", 2), (5, 4)])
def test_what_is_no_range_is_refused(text):
    with pytest.raises(OptionError, match="range is"):
        Options(range=text)


def test_a_range_is_a_pair_or_its_text():
    assert Options(range="-1000,2060") == Options(range=(-1000, 2060)) == Options(range=np.array([-1000.0, 2060]))
