"""What one format alone has beside its picture: JPEG's segments, PNG's chunks, TIFF's tags, the times of frames."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from rednet.images.saving import Saving
from tests.images import metadata_files as make
from tests.images.metadata_files import HEIGHT, WIDTH
from tests.images.metadata_readers import save, tags_of, told

BLOCKS = (".jpg", ".png", ".webp", ".avif", ".tif")


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
