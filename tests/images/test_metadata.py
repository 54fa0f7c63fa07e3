"""Format x kind of metadata x verb (same size, enlarged), read back by readers that are not ours.

The rule: what we understand is made true, what we do not understand is copied, what cannot be kept is told.
"""

import struct

import numpy as np
import pytest
from PIL import Image

from rednet.engines.loading import load_engine
from rednet.images.directories import Tag
from rednet.images.saving import Saving
from rednet.images.tiff_tags import append_tags
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Inpaint
from tests.images import metadata_files as make
from tests.images.metadata_files import HEIGHT, WIDTH
from tests.images.metadata_readers import exiv, save, tags_of, told
from tests.tasks import run_task

BLOCKS = (".jpg", ".png", ".webp", ".avif", ".tif")


# --- EXIF, XMP, IPTC: in every format that has them


@pytest.mark.parametrize("suffix", BLOCKS)
@pytest.mark.parametrize("orientation", [1, 6])
def test_exif_is_kept_and_true(suffix, orientation, restored, tmp_path):
    if suffix == ".avif" and orientation == 6:
        pytest.skip("AVIF turns by its own properties, which have a test of their own")
    source = tmp_path / f"a{suffix}"
    if suffix == ".tif":
        jpeg = tmp_path / "a.jpg"
        save(jpeg, exif=make.camera(orientation))
        source = jpeg
    else:
        save(source, exif=make.camera(orientation))
    target = restored(source, suffix)
    found, scale = told(target), restored.scale
    sides = (WIDTH, HEIGHT) if orientation == 1 else (HEIGHT, WIDTH)
    sides = tuple(str(side * scale) for side in sides)
    assert (found["Exif.Photo.PixelXDimension"], found["Exif.Photo.PixelYDimension"]) == sides
    assert found.get("Exif.Image.Orientation", "1") == "1"
    assert (found["Exif.Image.Make"], found["Exif.Image.Copyright"]) == ("A maker", "A right")
    assert found["Exif.Photo.ISOSpeedRatings"] == "400" and found["Exif.GPSInfo.GPSLatitude"] == "48/1 51/1 29/1"
    above, below = map(int, found["Exif.Photo.FocalPlaneXResolution"].split("/"))
    assert above / below == make.FOCAL * scale
    area = [10 * scale, 20 * scale, 4 * scale, 6 * scale]
    assert found.get("Exif.Photo.SubjectArea") == (None if orientation == 6 else " ".join(map(str, area)))
    assert not [key for key in found if "Thumbnail" in key]  # it showed the old picture
    assert make.traces() not in target.read_bytes()
    assert found["Exif.Photo.0xfde8"] == "An owner"  # a tag that nobody knows
    if suffix != ".tif":
        assert (found["Exif.Image.ImageWidth"], found["Exif.Image.ImageLength"]) == sides
    if suffix != ".tif":  # at its old place, too: a maker's notes point to bytes in the block
        old, new = (Image.open(path).info["exif"].removeprefix(b"Exif\0\0") for path in (source, target))
        assert old.index(make.MAKER_NOTE) == new.index(make.MAKER_NOTE)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif"])
def test_a_file_without_exif_gets_nothing_but_the_software(suffix, restored, tmp_path):
    save(tmp_path / f"a{suffix}")
    assert not [key for key in told(restored(tmp_path / f"a{suffix}")) if key.startswith("Exif")]
    again = restored(tmp_path / f"a{suffix}", saving=Saving(software="rednet", overwrite=True))
    assert {key: value for key, value in told(again).items() if key.startswith("Exif")} == {
        "Exif.Image.Software": "rednet"
    }


@pytest.mark.parametrize("start", [".webp", ".gif"])
def test_exif_of_an_animation_tells_the_size_of_a_frame(start, restored, tmp_path):
    frames = [Image.fromarray(np.roll(make.pixels(), 5 * n, 1)) for n in range(3)]
    options = {"exif": make.camera()} if start == ".webp" else {}
    frames[0].save(tmp_path / f"a{start}", save_all=True, append_images=frames[1:], **options)
    found = told(restored(tmp_path / f"a{start}", ".webp"))
    sides = (str(WIDTH * restored.scale), str(HEIGHT * restored.scale))
    if start == ".webp":
        assert (found["Exif.Photo.PixelXDimension"], found["Exif.Photo.PixelYDimension"]) == sides
        assert "Exif.Image.XResolution" not in found and found["Exif.Image.Make"] == "A maker"
    else:
        assert not found


@pytest.mark.parametrize("suffix", [".webp", ".avif"])
@pytest.mark.parametrize("length", [10, 3000, 65300])
def test_exif_of_any_length_has_its_place(suffix, length, restored, tmp_path):
    exif = Image.Exif()
    exif[33432] = "r" * length
    save(tmp_path / f"a{suffix}", exif=exif)
    target = restored(tmp_path / f"a{suffix}")
    found = told(target)
    assert found == {"Exif.Image.Copyright": exif[33432]} or set(found) == {"Exif.Image.Copyright"}
    with Image.open(target) as file:
        file.load()
        assert file.getexif()[33432] == exif[33432]
    assert b"This place is reserved" not in target.read_bytes()


# --- resolution


def jpeg_of_density(path, fields):
    """A JPEG with these fields of JFIF (unit, across, down), or without JFIF."""
    save(path)
    content = path.read_bytes()
    own = content[13:18] if fields is None else struct.pack(">BHH", *fields)
    path.write_bytes(content[:2] + content[20:] if fields is None else content[:13] + own + content[18:])


DENSITIES = [None, (0, 1, 1), (0, 2, 1), (0, 300, 300), (1, 240, 120), (2, 118, 118)]


@pytest.mark.parametrize("fields", DENSITIES)
@pytest.mark.parametrize("suffix", BLOCKS)
def test_a_resolution_stays_as_it_is_told(fields, suffix, restored, tmp_path):
    jpeg_of_density(tmp_path / "a.jpg", fields)
    target = restored(tmp_path / "a.jpg", suffix)
    unit, *sides = fields or (0, 1, 1)
    shape = sides[0] / sides[1]
    if suffix == ".jpg":
        with Image.open(target) as file:
            assert (file.info["jfif_unit"], *file.info["jfif_density"]) == (unit, *sides)
    elif suffix == ".png":
        physical = dict(make.chunks_of(target)).get(b"pHYs")
        if unit == 0:
            assert physical == (None if shape == 1 else struct.pack(">IIB", 2, 1, 0))
        else:
            metre = {1: 0.0254, 2: 0.01}[unit]
            assert struct.unpack(">IIB", physical) == (*(round(n / metre) for n in sides), 1)
    elif suffix == ".tif":
        tags = tags_of(target)
        found = [tags[code][0] / tags[code][1] for code in (282, 283)]
        assert tags[296] == unit + 1
        assert found == pytest.approx([shape, 1] if unit == 0 else sides, rel=1e-4)
    else:
        found, told_unit = told(target), {1: "2", 2: "3"}.get(unit)
        assert found.get("Exif.Image.ResolutionUnit") in ((None,) if unit == 0 else (told_unit, "2"))
        if unit == 1:
            assert (found["Exif.Image.XResolution"], found["Exif.Image.YResolution"]) == ("240/1", "120/1")
        lost = unit == 0 and shape != 1
        assert restored.warnings == (["cannot be kept: the shape of its pixels, which are no squares"] if lost else [])


@pytest.mark.parametrize("suffix", BLOCKS)
def test_the_shape_of_pixels_of_a_png_is_no_resolution(suffix, restored, tmp_path):
    make.png(tmp_path / "a.png", (b"pHYs", struct.pack(">IIB", 3, 2, 0)))
    target = restored(tmp_path / "a.png", suffix)
    if suffix == ".jpg":
        with Image.open(target) as file:
            assert (file.info["jfif_unit"], file.info["jfif_density"]) == (0, (3, 2))
    elif suffix == ".png":
        assert (b"pHYs", struct.pack(">IIB", 3, 2, 0)) in make.chunks_of(target)
    elif suffix == ".tif":
        tags = tags_of(target)
        assert (tags[282], tags[283], tags[296]) == ((3, 1), (2, 1), 1)
    else:
        assert not told(target) and "the shape of its pixels" in restored.warnings[0]


@pytest.mark.parametrize("suffix", BLOCKS)
def test_exif_tells_the_resolution_where_jfif_tells_none(suffix, restored, tmp_path):
    exif = Image.Exif()
    exif[282] = exif[283] = 300.0
    exif[296] = 2
    save(tmp_path / "a.webp", exif=exif)
    target = restored(tmp_path / "a.webp", suffix)
    with Image.open(target) as file:
        assert suffix in (".webp", ".avif") or round(float(file.info["dpi"][0])) == 300
    if suffix != ".tif":
        assert told(target)["Exif.Image.XResolution"] == "300/1"


@pytest.mark.parametrize("suffix", BLOCKS)
def test_xmp_is_kept_and_true(suffix, restored, tmp_path):
    source = tmp_path / f"a{suffix}"
    if suffix == ".png":
        make.png(source, (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + make.XMP))
    elif suffix == ".tif":
        make.tiff(source, extratags=[(700, "B", len(make.XMP), make.XMP, True)])
    else:
        save(source, xmp=make.XMP)
    target = restored(source)
    found, scale = told(target), restored.scale
    assert found["Xmp.tiff.Orientation"] == "1"
    assert found["Xmp.tiff.ImageWidth"] == found["Xmp.exif.PixelXDimension"] == str(WIDTH * scale)
    assert found["Xmp.tiff.ImageLength"] == str(HEIGHT * scale)
    assert found["Xmp.photoshop.City"] == make.RIGHTS
    assert b"of nobody's knowledge" in exiv(target).xmpPacket().encode()


@pytest.mark.parametrize("start", [".jpg", ".tif"])
@pytest.mark.parametrize("end", BLOCKS)
def test_iptc_is_kept_or_told(start, end, restored, tmp_path):
    source = tmp_path / f"a{start}"
    if start == ".jpg":
        make.jpeg(source, make.segment(0xED, make.photoshop()))
    else:
        resources = make.photoshop().removeprefix(b"Photoshop 3.0\0")
        make.tiff(source, extratags=[(33723, 7, len(make.IPTC), make.IPTC, True),
                                     (34377, 1, len(resources), resources, True)])  # fmt: skip
    target = restored(source, end)
    if end in (".jpg", ".tif"):
        found = told(target)
        assert found["Iptc.Application2.ObjectName"] == "title" and found["Iptc.Application2.Caption"] == "a caption"
        assert b"a path" in target.read_bytes() and restored.warnings == []
    else:
        assert restored.warnings == ["cannot be kept: IPTC"]
    assert make.traces() not in target.read_bytes()


@pytest.mark.parametrize("number", [0, 1])
def test_resources_of_photoshop_may_be_spread_over_segments(number, restored, tmp_path):
    """As Photoshop does it with more than a segment holds."""
    parts = [make.resource(0x0404, make.IPTC), make.resource(2000, b"a path" * 15000)]
    content = b"".join(parts if number else parts[::-1])
    pieces = [content[start : start + 60000] for start in range(0, len(content), 60000)]
    make.jpeg(tmp_path / "a.jpg", *(make.segment(0xED, b"Photoshop 3.0\0" + piece) for piece in pieces))
    for start, end in ((".jpg", ".tif"), (".tif", ".jpg"), (".jpg", ".jpg")):
        source = (tmp_path / f"a{start}").rename(tmp_path / f"b{start}")
        restored(source, end).rename(tmp_path / f"a{end}")
        assert told(tmp_path / f"a{end}")["Iptc.Application2.Caption"] == "a caption" and restored.warnings == []
    image = exiv(tmp_path / "a.jpg")
    assert image.iptcData() and (tmp_path / "a.jpg").read_bytes().count(b"Photoshop 3.0") == 2


@pytest.mark.parametrize("suffix", BLOCKS)
def test_a_long_maker_s_note_of_a_tiff_goes_with_the_rest(suffix, restored, tmp_path):
    make.tiff(tmp_path / "a.tif")
    camera = {36867: Tag(2, b"2020:01:02 03:04:05\0"), 37500: Tag(7, bytes(range(250)) * 280)}
    with (tmp_path / "a.tif").open("r+b") as file:
        append_tags(file, [{271: Tag(2, b"A maker\0")}], camera, {1: Tag(2, b"N\0")})
    found = told(restored(tmp_path / "a.tif", suffix))
    if suffix in (".jpg", ".webp", ".avif"):
        assert restored.warnings == ["cannot be kept: the longest parts of its EXIF, which has more than 64 kB"]
    else:
        assert len(found["Exif.Photo.MakerNote"].split()) == 70000 and restored.warnings == []
    assert found["Exif.Photo.DateTimeOriginal"] == "2020:01:02 03:04:05" and found["Exif.Image.Make"] == "A maker"
    assert found["Exif.GPSInfo.GPSLatitudeRef"] == "N"


def test_what_any_program_has_told_in_exif_or_in_a_tiff_goes_into_the_other(restored, tmp_path):
    exif = Image.Exif()
    exif[269], exif[285], exif[18246] = "A register", "folio 3", 5
    exif[40091] = "A title".encode("utf-16-le") + bytes(2)
    save(tmp_path / "a.jpg", exif=exif)
    tiff = restored(tmp_path / "a.jpg", ".tif").rename(tmp_path / "b.tif")
    found = told(restored(tiff, ".jpg"))
    assert restored.warnings == []
    for read in (found, told(tiff)):
        assert (read["Exif.Image.DocumentName"], read["Exif.Image.PageName"]) == ("A register", "folio 3")
        assert read["Exif.Image.Rating"] == "5" and len(read["Exif.Image.XPTitle"].split()) == 16


def block_of(thumbnail, interoperability=b"R98\0"):
    """A little-endian EXIF block: a maker, a date, what they call interoperability, a thumbnail at the end."""
    row = lambda tag, kind, count, value: struct.pack("<HHII", tag, kind, count, value)  # noqa: E731
    main, camera = 8, 8 + 2 + 2 * 12 + 4
    other = camera + 2 + 2 * 12 + 4
    words = other + 2 + 12 + 4
    second = words + 8 + 20
    block = struct.pack("<2sHI", b"II", 42, main)
    block += struct.pack("<H", 2) + row(271, 2, 8, words) + row(34665, 4, 1, camera) + struct.pack("<I", second)
    block += struct.pack("<H", 2) + row(36867, 2, 20, words + 8) + row(40965, 4, 1, other) + bytes(4)
    block += struct.pack("<H", 1) + row(1, 2, 4, int.from_bytes(interoperability, "little")) + bytes(4)
    block += b"A maker\0" + b"2020:01:02 03:04:05\0"
    behind = second + 2 + 24 + 4
    block += struct.pack("<H", 2) + row(513, 4, 1, behind) + row(514, 4, 1, len(thumbnail)) + bytes(4) + thumbnail
    return b"Exif\0\0" + block


def test_exif_that_a_thumbnail_has_filled_to_the_last_byte_stays(restored, tmp_path):
    thumbnail = make.thumbnail()
    full = block_of(thumbnail + bytes(65533 - len(block_of(thumbnail))))
    assert len(full) == 65533
    save(tmp_path / "a.jpg", exif=full)
    target = restored(tmp_path / "a.jpg", saving=Saving(software="rednet " * 9))
    assert told(target)["Exif.Image.Make"] == "A maker" and restored.warnings == []
    assert len(Image.open(target).info["exif"]) < 400 and make.traces() not in target.read_bytes()


@pytest.mark.parametrize("place", [10 + 24, 10 + 28 + 2 + 12 + 8], ids=["thumbnail", "interoperability"])
@pytest.mark.parametrize("suffix", BLOCKS)
def test_broken_parts_of_exif_are_left_out_and_told_and_the_rest_stays(suffix, place, restored, tmp_path):
    block = bytearray(block_of(make.thumbnail()))
    block[6 + place : 6 + place + 4] = struct.pack("<I", 99999)
    save(tmp_path / "a.jpg", exif=bytes(block))
    target = restored(tmp_path / "a.jpg", suffix)
    found = told(target)
    assert found["Exif.Image.Make"] == "A maker" and found["Exif.Photo.DateTimeOriginal"] == "2020:01:02 03:04:05"
    assert restored.warnings == ["cannot be kept: the parts of its EXIF that are broken"]
    assert make.traces() not in target.read_bytes()


def test_a_tiff_whose_exif_is_broken_keeps_its_other_tags(restored, tmp_path):
    make.tiff(tmp_path / "a.tif", extratags=[(34665, 4, 1, 999999, True), (65000, "s", 0, "of a program", True)])
    tags = tags_of(restored(tmp_path / "a.tif"))
    assert tags[65000] == "of a program"


def test_a_maker_s_notes_with_a_preview_are_dropped(restored, tmp_path):
    exif = Image.Exif()
    exif[271] = "A maker"
    exif.get_ifd(0x8769)[37500] = b"OURMAKER" + make.thumbnail()
    save(tmp_path / "a.jpg", exif=exif)
    target = restored(tmp_path / "a.jpg")
    assert restored.warnings == ["cannot be kept: the maker's notes, which hold a preview of the old picture"]
    assert "Exif.Photo.MakerNote" not in told(target) and told(target)["Exif.Image.Make"] == "A maker"
    assert make.traces() not in target.read_bytes()


def test_marked_regions_stay_only_where_they_are_right(restored, tmp_path):
    marked = b"mwg-rs:Regions rdf:parseType='Resource'><mwg-rs:Name>A face</mwg-rs:Name></mwg-rs:Regions><"
    space = b"xmlns:mwg-rs='http://www.metadataworkinggroup.com/schemas/regions/' "
    packet = make.XMP.replace(b"xmlns:mine=", space + b"xmlns:mine=")
    packet = packet.replace(b"mine:Thing>of", marked + b"mine:Thing>of")
    for orientation in (1, 6):
        exif = Image.Exif()
        exif[274] = orientation
        save(tmp_path / "a.jpg", xmp=packet, exif=exif)
        target = restored(tmp_path / "a.jpg", saving=Saving(overwrite=True))
        assert (b"A face" in target.read_bytes()) == (orientation == 1)
        assert ("the regions that XMP marks" in " ".join(restored.warnings)) == (orientation == 6)
        assert told(target)["Xmp.photoshop.City"] == make.RIGHTS


def test_what_was_painted_over_is_nowhere_in_the_file(make_model, tmp_path):
    restorer = Restorer(load_engine(make_model(depth=4, width=4, channels=3, mask=True)))
    jpeg = tmp_path / "a.jpg"
    make.jpeg(jpeg, make.segment(0xED, make.photoshop()), make.segment(0xE2, b"FPXR\0" + make.thumbnail()),
              exif=make.camera())  # fmt: skip
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[8:20, 8:30] = True
    task = run_task(jpeg, tmp_path / "b.jpg", restorer, Inpaint(mask=mask))
    content = (tmp_path / "b.jpg").read_bytes()
    assert content.count(b"\xff\xd8\xff") == 1 < jpeg.read_bytes().count(b"\xff\xd8\xff")
    assert "a preview, which shows the old picture" in task.report.warnings[0]


@pytest.mark.parametrize("suffix", BLOCKS)
def test_stripped_files_tell_nothing(suffix, restored, tmp_path):
    source = tmp_path / "a.jpg"
    make.jpeg(source, make.segment(0xED, make.photoshop()), make.segment(0xEA, b"a program"), exif=make.camera(),
              xmp=make.XMP, comment="A comment", dpi=(300, 300))  # fmt: skip
    target = restored(source, suffix, saving=Saving(strip_metadata=True, software="rednet"))
    content = target.read_bytes()
    for words in (b"A maker", b"a caption", b"nobody", b"a program", b"A comment", b"rednet"):
        assert words not in content
    if suffix not in (".webp", ".avif"):
        with Image.open(target) as file:
            assert round(float(file.info["dpi"][0])) == 300


@pytest.mark.parametrize("strip", [False, True])
def test_fewer_bits_and_other_colours_are_told(strip, restored, tmp_path):
    deep = make.pixels().astype(np.uint16) * 257
    make.tiff(tmp_path / "deep.jpg", deep)  # a TIFF whose name is wrong
    make.tiff(tmp_path / "floats.tif", (deep / 65535).astype(np.float32))
    Image.fromarray(make.pixels()).convert("CMYK").save(tmp_path / "cmyk.jpg")
    for name, suffix, words in (
        ("deep.jpg", ".jpg", ["cannot be kept: 16 bits a value (JPEG gets 8 bits)"]),
        ("deep.jpg", ".png", []),
        ("floats.tif", ".png", ["cannot be kept: floats of 32 bits a value (PNG gets 16 bits)"]),
        ("floats.tif", ".tif", []),
        ("cmyk.jpg", ".jpg", ["cannot be kept: CMYK, which becomes sRGB"]),
    ):
        restored(tmp_path / name, suffix, saving=Saving(strip_metadata=strip, overwrite=True))
        assert restored.warnings == words
