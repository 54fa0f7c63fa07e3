"""What Python programs give comes back as they gave it: arrays, PIL images with all that belongs to them, paths."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rednet.errors import ImageError
from rednet.images import from_any, from_array, read_picture, to_array, write_picture
from rednet.restoring.restorer import Restorer

from .test_matrix import srgb_profile, wide_profile

ORIENTATION, CAMERA, WIDTH = 274, 0x8769, 40962
BACK = {"1": "L", "P": "RGB", "PA": "RGBA", "L": "L", "LA": "LA", "La": "LA", "RGB": "RGB", "RGBA": "RGBA",
        "RGBa": "RGBA", "RGBX": "RGB", "CMYK": "RGB", "YCbCr": "RGB", "HSV": "RGB", "I;16": "I;16", "I;16B": "I;16",
        "F": "F"}  # fmt: skip


@pytest.fixture(scope="module")
def restorer(make_model):
    return Restorer.from_pretrained(make_model(depth=4, width=2, channels=3, mask=True), threads=1)


@pytest.fixture
def levels(rng):
    return rng.integers(0, 256, (20, 30, 3), np.uint8)


def in_mode(levels, mode):
    rgb = Image.fromarray(levels)
    if mode in ("PA", "La", "RGBa"):
        return rgb.convert({"PA": "LA", "La": "LA", "RGBa": "RGBA"}[mode]).convert(mode)
    if mode.startswith("I;16"):
        return Image.frombytes(mode, (30, 20), levels[:, :, :2].tobytes())
    if mode == "F":
        return Image.fromarray(levels[:, :, 0].astype(np.float32) / 255)
    return rgb.convert(mode)


@pytest.mark.parametrize("mode", BACK)
def test_every_mode_of_pil_comes_back(mode, levels, restorer):
    image = in_mode(levels, mode)
    result = restorer.restore(image, facts={})
    assert (result.mode, result.size) == (BACK[mode], image.size)
    unchanged = restorer.restore(image, facts={}, strength=0)
    if mode not in ("CMYK", "I;16B", "F"):
        np.testing.assert_array_equal(np.asarray(unchanged), np.asarray(image.convert(BACK[mode])))
    assert not np.array_equal(np.asarray(result), np.asarray(unchanged))


def test_cmyk_becomes_the_colours_that_it_prints():
    result = from_any(Image.new("CMYK", (8, 6), (0, 255, 255, 0)))[0].pixels[0, 0]
    assert result[0] > 0.7 and (result[1:] < 0.3).all()  # magenta and yellow make red


@pytest.mark.parametrize(("mode", "expected"), [("P", "RGBA"), ("L", "LA"), ("RGB", "RGBA")])
def test_a_transparent_colour_becomes_transparency(mode, expected, levels, restorer):
    image = Image.fromarray(levels // 128 * 255).convert(mode)
    image.info["transparency"] = (0, 0, 0) if mode == "RGB" else image.getpixel((0, 0))
    result = restorer.restore(image, facts={})
    assert result.mode == expected and "transparency" not in result.info
    np.testing.assert_array_equal(np.asarray(result)[..., -1], np.asarray(image.convert(expected))[..., -1])


@pytest.mark.parametrize("mode", ["LAB", "I"])
def test_a_mode_that_cannot_be_restored_says_what_to_do(mode):
    with pytest.raises(ImageError, match=r"convert\('RGB'\)|range.*0 and 65535"):
        from_any(Image.new(mode, (8, 6)))


def test_mode_i_is_restored_in_its_range(levels, restorer):
    image = Image.fromarray(levels[:, :, 0].astype(np.int32) * 16)
    assert image.mode == "I"
    result = restorer.restore(image, facts={}, range=(0, 4095))
    array = restorer.restore(levels[:, :, 0].astype(np.uint16) * 16, facts={}, range=(0, 4095))
    assert result.mode == "I"
    np.testing.assert_array_equal(np.asarray(result), array)


def photo_of_a_phone(levels):
    """A JPEG that PIL has opened: turned, with a profile, its resolution, EXIF and a thumbnail."""
    exif, thumbnail, content = Image.Exif(), io.BytesIO(), io.BytesIO()
    exif[271], exif[ORIENTATION] = "A maker", 6
    exif.get_ifd(CAMERA)[WIDTH] = 30
    Image.fromarray(levels[:8, :8]).save(thumbnail, "JPEG")
    block = exif.tobytes()
    Image.fromarray(levels).save(
        content, "JPEG", exif=block, dpi=(300, 300), icc_profile=wide_profile(), comment=b"a comment"
    )
    image = Image.open(content)
    image.info["exif"] += thumbnail.getvalue()  # no reader finds it there, but whoever looks for a picture does
    return image


@pytest.mark.parametrize("scale", [1, 2])
def test_all_that_pil_knows_of_an_image_goes_with_the_result(scale, levels, restorer):
    image = photo_of_a_phone(levels)
    before = {name: value for name, value in image.info.items() if name != "exif"}
    result = restorer.restore(image, facts={}) if scale == 1 else restorer.upscale(image, scale)
    assert {name: value for name, value in result.info.items() if name != "exif"} == before
    assert result.size == (30 * scale, 20 * scale)  # it lies as it was given, and its orientation says how it is turned
    exif = result.getexif()
    assert (exif[271], exif[ORIENTATION], exif.get_ifd(CAMERA)[WIDTH]) == ("A maker", 6, 30 * scale)
    assert b"\xff\xd8" in image.info["exif"] and b"\xff\xd8" not in result.info["exif"]
    result.info["dpi"] = None
    assert image.info["dpi"] == (300, 300)  # the two share nothing


def test_exif_that_a_program_has_set_goes_with_the_result(levels, restorer):
    image = Image.fromarray(levels)
    image.getexif()[ORIENTATION] = 8
    assert restorer.restore(image, facts={}).getexif()[ORIENTATION] == 8


def test_the_network_sees_a_pil_image_by_its_profile(levels):
    for profile, same in ((wide_profile(), False), (srgb_profile(), True)):
        image = Image.fromarray(levels)
        image.info["icc_profile"] = profile
        picture, back = from_any(image)
        assert np.array_equal(picture.pixels, from_array(levels).pixels) == same
        np.testing.assert_array_equal(np.asarray(back(picture)), levels)


def test_a_broken_profile_is_told_and_kept(levels, restorer, caplog):
    image = Image.fromarray(levels)
    image.info["icc_profile"] = b"p"
    assert restorer.restore(image, facts={}).info["icc_profile"] == b"p"
    assert "its colour profile is broken" in caplog.text


@pytest.mark.parametrize(
    ("mode", "shape"), [("L", (20, 30)), ("LA", (20, 30, 2)), ("RGB", (20, 30, 3)), ("I;16", (20, 30))]
)
def test_the_path_of_a_file_gives_what_pil_takes(mode, shape, levels, tmp_path, restorer):
    in_mode(levels, mode).save(tmp_path / "a.png")
    result = restorer.restore(tmp_path / "a.png", facts={})
    assert result.shape == shape
    assert Image.fromarray(result).mode == mode


def test_a_tensor_of_another_library_is_refused_with_what_to_give_instead(restorer):
    """torch's are taken, see tests/restoring/test_stacks.py."""
    array = type("Array", (), {"__module__": "jax.core"})()
    with pytest.raises(ImageError, match="a jax Array is no picture here; give an array of numpy, with channel_axis"):
        restorer.restore(array)


def test_a_masked_array_is_refused_with_what_to_give_instead(levels, restorer):
    array = np.ma.masked_less(levels, 5)
    with pytest.raises(ImageError, match=r"image\.data, and image\.mask to rednet\.inpaint"):
        restorer.restore(array)
    filled = restorer.restore(array.data, mask=array.mask.any(axis=2))
    assert filled.shape == levels.shape


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_a_mask_of_floats_is_cut_at_half(kind, levels, restorer):
    soft = np.zeros((20, 30), kind)
    soft[5:9, 5:9], soft[9, 5:9] = 1, 0.4
    np.testing.assert_array_equal(restorer.restore(levels, mask=soft), restorer.restore(levels, mask=soft >= 0.5))
    assert not np.array_equal(restorer.restore(levels, mask=soft), restorer.restore(levels, mask=soft > 0))


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 0, 0), (255, 255, 255), (40, 60, 200)])
@pytest.mark.parametrize("as_file", [False, True])
def test_what_is_painted_on_transparency_is_missing(colour, as_file, levels, restorer, tmp_path):
    strokes = np.zeros((20, 30, 4), np.uint8)
    strokes[5:9, 5:9] = (*colour, 255)
    strokes[9, 5:9] = (*colour, 90)  # rather transparent
    mask = Image.fromarray(strokes)
    mask.save(tmp_path / "mask.png")
    expected = restorer.restore(levels, mask=strokes[:, :, 3] > 127)
    np.testing.assert_array_equal(restorer.restore(levels, mask=tmp_path / "mask.png" if as_file else mask), expected)


def test_files_are_read_and_written_by_a_path_or_its_text(levels, tmp_path):
    for kind in (str, Path):
        write_picture(kind(tmp_path / "a.png"), from_array(levels), overwrite=True)
        np.testing.assert_array_equal(to_array(read_picture(kind(tmp_path / "a.png"))), levels)
        with pytest.raises(ImageError, match=r"cannot read .*none\.png"):
            read_picture(kind(tmp_path / "none.png"))
