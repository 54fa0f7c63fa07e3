"""Format x depth x alpha x orientation x profile, checked with readers that are not libvips: Pillow and tifffile."""

import itertools
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from rednet.images import PictureFile, read_picture, to_array, write_picture

UPRIGHT = {
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.swapaxes(0, 1),
    6: lambda x: np.rot90(x, -1),
    7: lambda x: x[::-1, ::-1].swapaxes(0, 1),
    8: lambda x: np.rot90(x, 1),
}
MAKER, ORIENTATION, PROFILE = 271, 274, 34675
DPI = 240


def srgb_profile():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def wide_profile():
    """A profile that is not sRGB: its red and green are exchanged, so that ignoring it could not go unseen."""
    data = bytearray(srgb_profile())
    count = int.from_bytes(data[128:132], "big")
    entries = {bytes(data[132 + 12 * i : 136 + 12 * i]): 136 + 12 * i for i in range(count)}
    red, green = entries[b"rXYZ"], entries[b"gXYZ"]
    data[red : red + 8], data[green : green + 8] = data[green : green + 8], data[red : red + 8]
    return bytes(data)


def png_chunk(kind, content):
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")


def write_png(path, levels, orientation, profile):
    """Writes a PNG of 8 or 16 bits by hand: Pillow has no RGB of 16 bits."""
    height, width, channels = levels.shape
    depth = levels.dtype.itemsize
    rows = levels.astype(levels.dtype.newbyteorder(">")).tobytes()
    stride = width * channels * depth
    raw = b"".join(b"\0" + rows[i * stride : (i + 1) * stride] for i in range(height))
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8 * depth, kind, 0, 0, 0])
    exif = Image.Exif()
    exif[MAKER], exif[ORIENTATION] = "A maker", orientation
    content = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
    if profile:
        content += png_chunk(b"iCCP", b"p\0\0" + zlib.compress(profile))
    content += png_chunk(b"pHYs", round(DPI / 0.0254).to_bytes(4, "big") * 2 + b"\1")
    content += png_chunk(b"eXIf", exif.tobytes()[6:])
    path.write_bytes(content + png_chunk(b"IDAT", zlib.compress(raw)) + png_chunk(b"IEND", b""))


def write_tiff(path, levels, orientation, profile):
    tags = [(MAKER, "s", 0, "A maker", True), (ORIENTATION, "H", 1, orientation, True)]
    channels = levels.shape[2]
    tifffile.imwrite(
        path,
        levels[:, :, 0] if channels == 1 else levels,
        photometric="rgb" if channels > 2 else "minisblack",
        extrasamples=["unassalpha"] if channels in (2, 4) else None,
        planarconfig="contig",
        resolution=(DPI, DPI),
        resolutionunit="INCH",
        iccprofile=profile,
        extratags=tags,
        metadata=None,
        software=False,
    )


def write_lossy(path, levels, orientation, profile):
    exif = Image.Exif()
    exif[MAKER], exif[ORIENTATION] = "A maker", orientation
    picture = Image.fromarray(levels[:, :, 0] if levels.shape[2] == 1 else levels)
    options = {"quality": 100, "subsampling": 0 if path.suffix == ".jpg" else "4:4:4"}
    if path.suffix == ".webp":
        options = {"lossless": True, "exact": True}
    picture.save(path, exif=exif, icc_profile=profile, dpi=(DPI, DPI), **options)


WRITERS = {".png": write_png, ".tif": write_tiff, ".jpg": write_lossy, ".webp": write_lossy, ".avif": write_lossy}


def smooth(height, width, channels, dtype):
    """A picture that lossy formats hold within a level or three."""
    y, x = np.mgrid[:height, :width]
    planes = [0.2 + 0.6 * (x + (c + 1) * y) / (width + (c + 1) * height) for c in range(channels)]
    values = np.stack(planes, axis=2)
    if channels in (2, 4):
        values[:, :, -1] = 0.25 + 0.5 * x / width
    return (values * np.iinfo(dtype).max).astype(dtype) if np.dtype(dtype).kind == "u" else values.astype(dtype)


def cases():
    for suffix, dtype, channels in itertools.product(WRITERS, ("uint8", "uint16", "float32"), (1, 2, 3, 4)):
        if dtype == "float32" and suffix != ".tif":
            continue
        if dtype == "uint16" and suffix not in (".tif", ".png"):
            continue
        if suffix == ".jpg" and channels in (2, 4):
            continue
        if suffix in (".webp", ".avif") and channels < 3:
            continue
        yield suffix, dtype, channels


def turned_cases():
    """Every kind of file, upright and turned; what turns RGB turns gray, whose profiles have a test of their own."""
    for profile, (suffix, dtype, channels) in itertools.product(("none", "srgb", "wide"), cases()):
        colour = channels >= 3
        if profile == "none" or colour:
            turns = range(1, 9) if profile == "none" and colour else (1, 6)
            yield from ((suffix, dtype, channels, profile, turn) for turn in turns)


def independent(path):
    """Reads levels with Pillow or tifffile."""
    levels = tifffile.imread(path) if path.suffix == ".tif" else np.asarray(Image.open(path))
    return levels[:, :, None] if levels.ndim == 2 else levels


@pytest.mark.parametrize(("suffix", "dtype", "channels", "profile", "orientation"), list(turned_cases()))
def test_a_file_comes_back_upright_with_its_depth_alpha_profile_and_metadata(
    suffix, dtype, channels, profile, orientation, tmp_path
):
    levels = smooth(9, 14, channels, dtype)
    data = {"none": None, "srgb": srgb_profile(), "wide": wide_profile()}[profile]
    source, target = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    WRITERS[suffix](source, levels, orientation, data)
    lossless = suffix not in (".jpg", ".avif")
    expected = UPRIGHT[orientation](levels if lossless else independent(source))  # Pillow turns none of them
    picture = read_picture(source)
    assert picture.depth == dtype
    assert (picture.native is not None) == (profile == "wide")
    write_picture(target, picture, quality=100)

    if suffix == ".png" and dtype == "uint16":
        result = to_array(read_picture(target), own_colours=True)  # Pillow gives 8 bits only
    else:
        result = independent(target)
    assert result.dtype == dtype and result.shape == expected.shape
    lossy = {".jpg": 3, ".avif": 4, ".webp": 12}.get(suffix, 0)
    assert np.abs(result.astype(float) - expected).max() <= lossy
    orientation_after, maker, dpi, profile_after = metadata(target)
    assert (orientation_after, maker, profile_after) == (1, "A maker", data)
    if suffix not in (".webp", ".avif"):  # which have no place for it
        assert dpi == DPI


def metadata(path):
    """Reads orientation, maker, resolution and profile with Pillow or tifffile."""
    if path.suffix == ".tif":
        with tifffile.TiffFile(path) as file:
            tags = {tag.code: tag.value for tag in file.pages[0].tags}
        assert tags[296] == 2  # inches
        return tags.get(ORIENTATION, 1), tags[MAKER], round(tags[282][0] / tags[282][1]), tags.get(PROFILE)
    with Image.open(path) as file:
        exif = file.getexif()
        dpi = round(float(file.info.get("dpi", (0, 0))[0]))
        return exif.get(ORIENTATION, 1), exif.get(MAKER), dpi, file.info.get("icc_profile")


def test_sixteen_bits_of_a_png_are_seen_by_an_independent_reader(tmp_path):
    levels = smooth(9, 14, 1, "uint16")
    write_png(tmp_path / "a.png", levels, 1, None)
    write_picture(tmp_path / "b.png", read_picture(tmp_path / "a.png"))
    with Image.open(tmp_path / "b.png") as written:
        assert written.mode == "I;16"
        assert np.array_equal(np.asarray(written), levels[:, :, 0])


@pytest.mark.parametrize("options", [{"tile": (16, 16)}, {"bigtiff": True}, {"byteorder": ">"}, {"rowsperstrip": 5}])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_every_layout_of_a_tiff_is_read(options, dtype, tmp_path):
    levels = smooth(50, 70, 3, dtype)
    tifffile.imwrite(tmp_path / "a.tif", levels, photometric="rgb", **options)
    assert np.array_equal(to_array(read_picture(tmp_path / "a.tif")), levels)


@pytest.mark.parametrize("bits", [10, 12])
def test_an_avif_of_more_than_8_bits_stays_so(bits, tmp_path):
    import pyvips

    levels = smooth(48, 64, 3, "uint16")
    image = pyvips.Image.new_from_array(levels).copy(interpretation="rgb16")
    image.heifsave(str(tmp_path / "a.avif"), compression="av1", Q=95, bitdepth=bits, subsample_mode="off")
    picture = read_picture(tmp_path / "a.avif")
    assert picture.depth == "uint16"
    write_picture(tmp_path / "b.avif", picture, quality=98)
    written = PictureFile(tmp_path / "b.avif")
    assert written.depth == "uint16"
    error = np.abs(to_array(written.read()).astype(float) - to_array(picture)).max()
    assert error < 257  # a level of 8 bits: with only 8 bits, some pixel would be off by more than half of that
    assert len(np.unique(to_array(written.read()))) > 256


def test_a_palette_becomes_what_it_shows(tmp_path, rng):
    picture = Image.fromarray(rng.integers(0, 256, (20, 30, 3), np.uint8)).quantize(16)
    picture.info["transparency"] = 3
    picture.save(tmp_path / "a.png", transparency=3)
    write_picture(tmp_path / "b.png", read_picture(tmp_path / "a.png"))
    with Image.open(tmp_path / "a.png") as before, Image.open(tmp_path / "b.png") as after:
        assert after.mode == "RGBA"
        assert np.array_equal(np.asarray(after), np.asarray(before.convert("RGBA")))


def test_an_icc_profile_changes_what_the_network_sees_and_pillow_agrees(tmp_path):
    levels = smooth(9, 14, 3, "uint8")
    write_png(tmp_path / "a.png", levels, 1, wide_profile())
    import io

    with Image.open(tmp_path / "a.png") as file:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(wide_profile()))
        expected = ImageCms.profileToProfile(
            file, profile, ImageCms.createProfile("sRGB"), renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC
        )
    seen = read_picture(tmp_path / "a.png").pixels * 255
    assert np.abs(seen - np.asarray(expected)).max() <= 1.5  # littleCMS in 8 and in 16 bits
    assert np.abs(seen - levels).max() > 15  # the profile is not sRGB
