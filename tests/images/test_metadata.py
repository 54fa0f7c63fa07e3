"""Format x kind of metadata x verb (same size, enlarged), read back by readers that are not ours.

The rule: what we understand is made true, what we do not understand is copied, what cannot be kept is told.
"""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from rednet.engines.loading import load_engine
from rednet.images.directories import Tag
from rednet.images.saving import Saving
from rednet.images.tiff_tags import append_tags
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Inpaint, Upscale
from tests.images import metadata_files as make
from tests.images.metadata_files import HEIGHT, WIDTH
from tests.tasks import BLIND, run_task

exiv2 = pytest.importorskip("exiv2", reason="an independent reader of EXIF, XMP and IPTC")
exiv2.XmpParser.initialize()

BLOCKS = (".jpg", ".png", ".webp", ".avif", ".tif")


@pytest.fixture(scope="module")
def restorer(make_model):
    return Restorer(load_engine(make_model(depth=4, width=4, channels=3)))


@pytest.fixture(params=[1, 2], ids=["same size", "enlarged"])
def restored(request, restorer, tmp_path):
    """A function that restores a file into one of the same format, or of another; it knows by how much it enlarges."""

    def run(source, suffix=None, **handling):
        target = tmp_path / f"result{suffix or source.suffix}"
        task = run_task(source, target, restorer, BLIND if run.scale == 1 else Upscale(scale=run.scale), **handling)
        run.warnings = [words for words in task.report.warnings if "the picture shows" not in words]  # not metadata
        return target

    run.scale = request.param
    return run


def exiv(path):
    image = exiv2.ImageFactory.open(str(path))
    image.readMetadata()
    return image


def told(path):
    """All keys and values that exiv2 finds, as text."""
    image = exiv(path)
    return {d.key(): str(d.value()) for data in (image.exifData(), image.xmpData(), image.iptcData()) for d in data}


def save(path, **options):
    """A picture as Pillow writes it."""
    more = {"lossless": True} if path.suffix == ".webp" else {}
    Image.fromarray(make.pixels()).save(path, **options, **more)


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


# --- JPEG


def test_segments_of_other_programs_and_comments_are_copied(restored, tmp_path):
    make.jpeg(tmp_path / "a.jpg", make.segment(0xEA, b"a program's"), comment="A comment, ü".encode(), dpi=(240, 240))
    with Image.open(restored(tmp_path / "a.jpg")) as file:
        assert ("APP10", b"a program's") in file.applist
        assert file.info["comment"] == "A comment, ü".encode() and file.info["dpi"] == (240, 240)
    restored(tmp_path / "a.jpg", ".png")
    assert restored.warnings == ["cannot be kept: the comment, or other segments of a JPEG"]


def test_a_gain_map_is_told_and_its_description_dropped(restored, tmp_path):
    import pyvips

    source = tmp_path / "a.jpg"
    light = (make.pixels() / 255.0) ** 2.2 * 3
    image = pyvips.Image.new_from_array(light.astype(np.float32)).copy(interpretation="scrgb")
    if not hasattr(pyvips.Image, "uhdrsave") and not pyvips.type_find("VipsOperation", "uhdrsave"):
        pytest.skip("this libvips writes no gain maps")
    image.uhdrsave(str(source), Q=95)
    assert b"urn:iso:std:iso:ts:21496:-1" in source.read_bytes()
    target = restored(source)
    assert "the gain map" in restored.warnings[0]
    content = target.read_bytes()
    assert b"21496" not in content and b"MPF" not in content
    with Image.open(source) as before, Image.open(target) as after:
        assert after.format == "JPEG" and after.size == tuple(side * restored.scale for side in before.size)


def test_xmp_no_longer_speaks_of_parts_that_are_gone(restored, tmp_path):
    packet = (
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        b"<rdf:Description rdf:about='' xmlns:hdrgm='http://ns.adobe.com/hdr-gain-map/1.0/' xmlns:GCamera="
        b"'http://ns.google.com/photos/1.0/camera/' xmlns:Container='http://ns.google.com/photos/1.0/container/' "
        b"xmlns:Item='http://ns.google.com/photos/1.0/container/item/' xmlns:xmp='http://ns.adobe.com/xap/1.0/' "
        b"hdrgm:Version='1.0' GCamera:MotionPhoto='1' xmp:Rating='4'><Container:Directory><rdf:Seq><rdf:li rdf:"
        b"parseType='Resource'><Container:Item Item:Semantic='GainMap' Item:Length='99'/></rdf:li></rdf:Seq>"
        b"</Container:Directory><xmp:Thumbnails><rdf:Alt><rdf:li>/9j/</rdf:li></rdf:Alt></xmp:Thumbnails>"
        b"</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    save(tmp_path / "a.jpg", xmp=packet)
    target = restored(tmp_path / "a.jpg")
    assert told(target) == {"Xmp.xmp.Rating": "4"}
    assert "the gain map" in restored.warnings[0] and "the film behind the picture" in restored.warnings[0]


def test_the_second_picture_of_an_mpo_is_told(restored, tmp_path):
    left, right = (Image.fromarray(np.roll(make.pixels(), shift, 1)) for shift in (0, 4))
    left.save(tmp_path / "a.mpo", save_all=True, append_images=[right], quality=95)
    source = (tmp_path / "a.mpo").rename(tmp_path / "a.jpg")
    target = restored(source)
    assert restored.warnings == ["cannot be kept: the second picture of the file"]
    with Image.open(target) as file:
        assert file.format == "JPEG" and b"MPF\0" not in target.read_bytes()


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        (b"MotionPhoto_Data\0\0\0\x18ftypmp42 a film", ["cannot be kept: the film behind the picture"]),
        (b"a program's own", ["cannot be kept: what another program has put behind the picture"]),
        (bytes(500), []),
    ],
)
@pytest.mark.parametrize("progressive", [False, True])
def test_what_lies_behind_a_picture_is_told_though_nothing_speaks_of_it(progressive, rest, words, restored, tmp_path):
    make.jpeg(tmp_path / "a.jpg", progressive=progressive, restart_marker_rows=1)
    with (tmp_path / "a.jpg").open("ab") as file:
        file.write(rest)
    assert rest not in restored(tmp_path / "a.jpg").read_bytes() and restored.warnings == words


def test_content_credentials_are_told(restored, tmp_path):
    make.jpeg(tmp_path / "a.jpg", make.segment(0xEB, b"JP\0\1\0\0\0\1" + b"\0\0\0\x10jumbc2pa"))
    assert b"c2pa" not in restored(tmp_path / "a.jpg").read_bytes()
    assert restored.warnings == ["cannot be kept: content credentials, which hold for the old bytes only"]


# --- PNG


def test_text_keeps_its_chunk_its_letters_and_its_place_among_the_others(restored, tmp_path):
    texts = [
        (b"tEXt", b"Title\0\xfcber"), (b"zTXt", b"Comment\0\0" + zlib.compress(b"pressed")),
        (b"iTXt", b"parameters\0\0\0\0\0" + make.RIGHTS.encode()),
        (b"iTXt", b"more\0\1\0de\0mehr\0" + zlib.compress(make.RIGHTS.encode())),
    ]  # fmt: skip
    make.png(tmp_path / "a.png", *texts[:2], behind=[*texts[2:], (b"tIME", bytes(7)), (b"abCd", b"safe to copy")])
    target = restored(tmp_path / "a.png")
    found = make.chunks_of(target)
    assert [c for c in found if c[0] in (b"tEXt", b"zTXt", b"iTXt")] == texts
    assert (b"abCd", b"safe to copy") in found and restored.warnings == []
    with Image.open(target) as file:
        assert file.text["parameters"] == file.text["more"] == make.RIGHTS
        assert file.text["Title"] == "über" and file.text["Comment"] == "pressed"
    restored(tmp_path / "a.png", ".tif")
    assert restored.warnings == ["cannot be kept: text (Title, Comment, parameters, more)"]


COLOUR_CHUNKS = {
    "gamma": [(b"gAMA", struct.pack(">I", 100000))],
    "primaries": [(b"gAMA", struct.pack(">I", 45455)),
                  (b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000))],
    "PQ": [(b"cICP", bytes([9, 16, 0, 1])), (b"mDCV", bytes(24)), (b"cLLI", bytes(8))],
    "P3": [(b"cICP", bytes([12, 13, 0, 1]))],
    "sRGB": [(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 45455))],
}  # fmt: skip


@pytest.mark.parametrize("name", COLOUR_CHUNKS)
@pytest.mark.parametrize("depth", ["uint8", "uint16"])
def test_colours_that_chunks_tell_stay_told(name, depth, restored, tmp_path):
    levels = make.pixels().astype(depth) * (257 if depth == "uint16" else 1)
    make.png(tmp_path / "a.png", *COLOUR_CHUNKS[name], levels=levels)
    target = restored(tmp_path / "a.png")
    found = make.chunks_of(target)
    place = {kind: number for number, (kind, _) in enumerate(found)}
    for chunk in COLOUR_CHUNKS[name]:
        assert chunk in found and place[b"IHDR"] < place[chunk[0]] < place[b"IDAT"]
    assert b"iCCP" not in place and b"pHYs" not in place  # nothing that nobody has said
    restored(tmp_path / "a.png", ".jpg")
    fewer = ["16 bits a value (JPEG gets 8 bits)"] if depth == "uint16" else []
    lost = fewer + (["that its colours are coded for HDR screens (cICP)"] if name == "PQ" else [])
    assert restored.warnings == ([f"cannot be kept: {'; '.join(lost)}"] if lost else [])
    with Image.open(tmp_path / "result.jpg") as file:
        assert ("icc_profile" in file.info) == (name in ("gamma", "primaries", "P3"))


def test_a_picture_of_gamma_1_is_seen_as_it_shows(tmp_path):
    from PIL import ImageCms

    from rednet.images import read_picture, write_picture

    make.png(tmp_path / "a.png", *COLOUR_CHUNKS["gamma"])
    linear = make.pixels() / 255
    expected = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    picture = read_picture(tmp_path / "a.png")
    assert np.abs(picture.pixels - expected).max() < 0.5 / 255
    write_picture(tmp_path / "b.tif", picture)  # another format is told by a profile, which another program reads
    with Image.open(tmp_path / "b.tif") as file:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(file.info["icc_profile"]))
        shown = np.asarray(ImageCms.profileToProfile(file, profile, ImageCms.createProfile("sRGB")))
    assert np.abs(shown / 255 - expected).max() < 1.5 / 255


def nclx(path, primaries, transfer):
    """An AVIF that says what its colours mean by code points alone."""
    save(path, quality=95)
    content = path.read_bytes()
    place = content.index(b"colrnclx") + 8
    path.write_bytes(content[:place] + bytes([0, primaries, 0, transfer]) + content[place + 4 :])


def test_colours_that_an_avif_tells_by_code_points_follow(restored, tmp_path):
    again = Saving(overwrite=True)
    nclx(tmp_path / "sdr.avif", 1, 13)
    nclx(tmp_path / "p3.avif", 12, 13)
    nclx(tmp_path / "pq.avif", 9, 16)
    for name, has_profile in (("sdr", False), ("p3", True), ("pq", False)):
        with Image.open(restored(tmp_path / f"{name}.avif", saving=again)) as file:
            assert ("icc_profile" in file.info) == has_profile
        assert ("coded for HDR screens" in " ".join(restored.warnings)) == (name == "pq")
    assert (b"cICP", bytes([9, 16, 0, 1])) in make.chunks_of(restored(tmp_path / "pq.avif", ".png"))
    assert restored.warnings == []


def test_physical_sizes_of_a_png_follow(restored, tmp_path):
    make.png(tmp_path / "a.png", (b"sCAL", b"\x010.5\x000.25"), (b"bKGD", bytes(6)))
    found = dict(make.chunks_of(restored(tmp_path / "a.png")))
    assert [float(n) for n in found[b"sCAL"][1:].split(b"\0")] == [0.5 / restored.scale, 0.25 / restored.scale]
    assert found[b"bKGD"] == bytes(6)


@pytest.mark.parametrize(("bits", "level", "expected"), [(1, 1, 255), (2, 1, 85), (4, 15, 255), (8, 9, 9)])
def test_a_gray_background_of_few_bits_stays_as_bright(bits, level, expected, restored, tmp_path):
    row = b"\0" + bytes(range(0, 240, 30)) * bits
    head = struct.pack(">IIBBBBB", 64, 8, bits, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"bKGD", struct.pack(">H", level)), (b"IDAT", zlib.compress(row * 8)), (b"IEND", b""))
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(make.chunk(*each) for each in chunks))
    assert dict(make.chunks_of(restored(tmp_path / "a.png")))[b"bKGD"] == struct.pack(">H", expected)


@pytest.mark.parametrize("count", [1, 2])
def test_text_that_is_too_long_is_told_and_takes_no_colours_with_it(count, restored, tmp_path):
    text = b"a\0" + b"x" * (17_000_000 // count)
    gamma = struct.pack(">I", 100000)
    make.png(tmp_path / "a.png", (b"gAMA", gamma), *[(b"tEXt", text)] * count)
    found = dict(make.chunks_of(restored(tmp_path / "a.png")))
    assert found[b"gAMA"] == gamma and b"tEXt" not in found
    assert restored.warnings == ["cannot be kept: text and other chunks of more than 16 MB"]


def test_a_chunk_that_may_not_be_copied_is_told(restored, tmp_path):
    make.png(tmp_path / "a.png", (b"abCD", b"unsafe"), (b"caBX", b"signed"))
    found = dict(make.chunks_of(restored(tmp_path / "a.png")))
    assert not {b"abCD", b"caBX"} & set(found)
    assert restored.warnings[0].count("content credentials") == 1 and "the PNG chunk 'abCD'" in restored.warnings[0]


# --- TIFF


def tags_of(path, page=0):
    with tifffile.TiffFile(path) as file:
        return {tag.code: tag.value for tag in file.pages[page].tags}


@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_imagej_reads_its_own_sizes(byteorder, restored, tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif", make.stack(), imagej=True, byteorder=byteorder, resolution=(10, 5),
        metadata={"axes": "ZYX", "spacing": 0.5, "unit": "um", "Labels": ["one", "zwei ü", "three"],
                  "Ranges": (0.0, 255.0)},
    )  # fmt: skip
    target = restored(tmp_path / "a.tif")
    with tifffile.TiffFile(target) as file:
        found, series = file.imagej_metadata, file.series[0]
        assert series.axes == "ZYX" and series.shape == (3, HEIGHT * restored.scale, WIDTH * restored.scale)
        tags = file.pages[0].tags
        assert [tags[n].value[0] / tags[n].value[1] for n in (282, 283)] == [10 * restored.scale, 5 * restored.scale]
        assert tags[296].value == 1
    assert (found["unit"], found["spacing"], found["slices"]) == ("um", 0.5, 3)
    assert found["Labels"] == ["one", "zwei ü", "three"] and found["Ranges"] == (0.0, 255.0)
    assert restored.warnings == []
    restored(tmp_path / "a.tif", ".webp")
    assert "ImageJ's sizes and labels" in restored.warnings[0]


def test_regions_of_imagej_go_where_they_would_lie_wrong(restored, tmp_path):
    overlay = b"Iout" + bytes(60)
    tifffile.imwrite(tmp_path / "a.tif", make.stack(), imagej=True, metadata={"axes": "ZYX", "ROI": overlay,
                     "Labels": ["1", "2", "3"]})  # fmt: skip
    with tifffile.TiffFile(restored(tmp_path / "a.tif")) as file:
        found = file.imagej_metadata
    assert found["Labels"] == ["1", "2", "3"]
    assert (found.get("ROI") == overlay) == (restored.scale == 1)
    lost = "cannot be kept: ImageJ's regions, which are in pixels"
    assert restored.warnings == ([] if restored.scale == 1 else [lost])


@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_ome_tells_true_sizes_and_axes(byteorder, restored, tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif", make.stack(), ome=True, byteorder=byteorder,
        metadata={"axes": "ZYX", "PhysicalSizeX": 0.25, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.5,
                  "PhysicalSizeZ": 2.0, "Name": "of nobody's knowledge"},
    )  # fmt: skip
    with tifffile.TiffFile(restored(tmp_path / "a.tif")) as file:
        series, words = file.series[0], file.ome_metadata
        assert file.is_ome and series.kind == "ome"
        assert series.axes == "ZYX" and series.shape == (3, HEIGHT * restored.scale, WIDTH * restored.scale)
    pixels = tifffile.xml2dict(words)["OME"]["Image"]["Pixels"]
    assert (pixels["SizeX"], pixels["SizeY"], pixels["SizeZ"]) == (WIDTH * restored.scale, HEIGHT * restored.scale, 3)
    assert (pixels["PhysicalSizeX"], pixels["PhysicalSizeY"]) == (0.25 / restored.scale, 0.5 / restored.scale)
    assert (pixels["PhysicalSizeZ"], pixels["Type"], pixels["PhysicalSizeXUnit"]) == (2.0, "uint8", "µm")
    assert "of nobody's knowledge" in words


GEO_KEYS = (1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 32632)


@pytest.mark.parametrize("point", [False, True])
@pytest.mark.parametrize("by", ["tie point", "matrix"])
def test_a_geotiff_stays_on_its_ground(point, by, restored, tmp_path):
    keys = (1, 1, 0, 2, 1025, 0, 1, 2 if point else 1, 3072, 0, 1, 32632)
    place = {
        "tie point": [(33550, "d", 3, (10.0, 20.0, 0.0), True), (33922, "d", 6, (4.0, 3.0, 0, 5e5, 5e6, 0), True)],
        "matrix": [(34264, "d", 16, (10.0, 0.0, 0, 499960, 0, -20.0, 0, 5000060, 0, 0, 0, 0, 0, 0, 0, 1), True)],
    }[by]
    stats = '<GDALMetadata><Item name="STATISTICS_MEAN">9</Item><Item name="BAND">red</Item></GDALMetadata>'
    rest = [(34735, "H", 12, keys, True), (34737, "s", 0, "WGS 84|", True), (42113, "s", 0, "0", True),
            (42112, "s", 0, stats, True)]  # fmt: skip
    make.tiff(tmp_path / "a.tif", extratags=[*place, *rest])
    before, after = tags_of(tmp_path / "a.tif"), tags_of(restored(tmp_path / "a.tif"))
    shift = 0.5 if point else 0.0  # where the corner of the first pixel lies, in the file's own coordinates

    def ground(tags, corner):
        i, j = (n - shift for n in corner)
        if 34264 in tags:
            m = np.reshape(tags[34264], (4, 4))
            return tuple(float(x) for x in (m @ [i, j, 0, 1])[:2])
        i0, j0, _, x0, y0, _ = tags[33922]
        return x0 + (i - i0) * tags[33550][0], y0 - (j - j0) * tags[33550][1]

    for corner in ((0, 0), (WIDTH, HEIGHT), (7, 5)):
        enlarged = tuple(n * restored.scale for n in corner)
        assert ground(after, enlarged) == pytest.approx(ground(before, corner), abs=1e-6)
    assert after[34735] == keys and after[34737] == "WGS 84|" and after[42113] == "0"
    assert "BAND" in after[42112] and "STATISTICS" not in after[42112]
    restored(tmp_path / "a.tif", ".png")
    assert restored.warnings == ["cannot be kept: the place on the ground (GeoTIFF)"]


@pytest.mark.parametrize("bigtiff", [False, True])
def test_tags_that_nobody_knows_are_copied_page_by_page(bigtiff, restored, tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif", bigtiff=bigtiff) as file:
        for number, page in enumerate(make.stack()):
            tags = [(65000, "s", 0, f"page {number}", True), (65001, "d", 3, (1.5, number, 2.5), True)]
            file.write(page, metadata=None, description=f"description {number}", extratags=tags,
                       resolution=(300, 300), resolutionunit="INCH")  # fmt: skip
    target = restored(tmp_path / "a.tif")
    for number in range(3):
        tags = tags_of(target, number)
        assert (tags[65000], tags[270]) == (f"page {number}", f"description {number}")
        assert tags[65001] == (1.5, number, 2.5)
        assert (tags[282][0] / tags[282][1], tags[296]) == (300, 2)  # of a print, which may become larger
    with tifffile.TiffFile(target) as file:
        assert len(file.pages) == 3 and file.asarray().shape[1:] == (HEIGHT * restored.scale, WIDTH * restored.scale)


def test_a_tiff_without_resolution_gets_none(restored, tmp_path):
    levels = make.pixels()
    make.tiff(tmp_path / "a.tif", levels)
    with (tmp_path / "a.tif").open("r+b") as file, tifffile.TiffFile(tmp_path / "a.tif") as read:
        for code in (282, 283, 296):
            tag = read.pages[0].tags[code]
            file.seek(tag.offset)
            file.write(struct.pack("<H", 65100 + code - 282))
    assert not {282, 283, 296} & set(tags_of(restored(tmp_path / "a.tif")))
    with Image.open(restored(tmp_path / "a.tif", ".jpg")) as file:
        assert file.info["jfif_unit"] == 0  # unknown stays unknown


def test_layers_and_smaller_copies_are_told(restored, tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(make.pixels(), photometric="rgb", subifds=1, metadata=None,
                   extratags=[(37724, 7, 40, b"8BIMLayr" + bytes(32), True)])  # fmt: skip
        file.write(make.pixels()[::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
    tags = tags_of(restored(tmp_path / "a.tif"))
    assert 37724 not in tags and 330 not in tags
    assert (
        "the layers of Photoshop" in restored.warnings[0] and "further pictures below the page" in restored.warnings[0]
    )


# --- animations


def test_the_times_of_frames_are_kept_or_told(restored, tmp_path):
    frames = [Image.fromarray(np.roll(make.pixels(), 5 * n, 1)) for n in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=[40, 80, 500], loop=3)
    with Image.open(restored(tmp_path / "a.gif", ".webp")) as file:
        times = []
        for number in range(3):
            file.seek(number)
            file.load()
            times.append(file.info["duration"])
    assert times == [40, 80, 500] and restored.warnings == []
    restored(tmp_path / "a.gif", ".tif")
    assert restored.warnings == ["cannot be kept: how long each frame is shown"]
