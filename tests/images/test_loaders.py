"""Of libvips' many loaders only ours can be reached: the others never see a file."""

import io

import numpy as np
import pytest
import tifffile
from PIL import Image

import rednet
from rednet.errors import ImageError
from rednet.images import PictureFile, read_picture
from rednet.images.formats import FORMATS
from rednet.images.picture import libvips

# A blur of a blur of a blur: librsvg worked on it for seconds before it was refused.
SVG = (
    "<svg xmlns='http://www.w3.org/2000/svg' width='4000' height='4000'><filter id='f'>"
    + "<feGaussianBlur stdDeviation='90'/>" * 12
    + "</filter><g filter='url(#f)'>"
    + "<rect width='3000' height='3000' fill='red'/>" * 9
    + "</g></svg>"
).encode()
FILES = {
    "picture.svg": SVG,
    "picture.png": SVG,
    "table.csv": b"1,2,3\n4,5,6\n",
    "matrix.mat": b"2 2\n1 2\n3 4\n",
    "matlab.mat": b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x01IM" + bytes(300),
    "gray.pgm": b"P5 2 2 255\n1234",
    "float.pfm": b"Pf\n2 2\n-1.0\n" + bytes(16),
    "page.pdf": b"%PDF-1.4\n%%EOF\n",
    "stars.fits": b"SIMPLE  =                    T".ljust(80) + b"END".ljust(2800),
    "light.hdr": b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\n" + bytes(4),
    "old.bmp": b"BM" + bytes(60),
    "native.v": b"\x08\xf2\xa6\xb6" + bytes(60),
    "light.exr": b"\x76\x2f\x31\x01" + bytes(60),
    "wave.jp2": b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(60),
    "new.jxl": b"\xff\x0a" + bytes(60),
    "photo.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200),
    "raw.raf": b"FUJIFILMCCD-RAW 0201" + bytes(200),
    "raw.cr3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(200),
    "raw.orf": b"IIRO\x08\0\0\0" + bytes(200),
    "scan.dcm": bytes(128) + b"DICM" + bytes(60),
    "layers.psd": b"8BPS\0\1" + bytes(60),
}
# What people do have; it is called by its name.
WORDS = {
    "picture.svg": r"a drawing of lines \(SVG\)",
    "picture.png": r"a drawing of lines \(SVG\)",
    "gray.pgm": "a PNM picture",
    "float.pfm": "a PNM picture",
    "page.pdf": "a PDF document",
    "stars.fits": "a FITS file",
    "light.hdr": "a Radiance HDR picture",
    "old.bmp": "a BMP picture",
    "light.exr": "an OpenEXR picture",
    "wave.jp2": "a JPEG 2000 picture",
    "new.jxl": "a JPEG XL picture",
    "photo.heic": "a HEIC photograph, .* save it as JPEG or PNG first",
    "raw.raf": "a camera's raw file, .* develop it first",
    "raw.cr3": "a camera's raw file",
    "raw.orf": "a camera's raw file",
    "scan.dcm": "a DICOM file",
    "layers.psd": "a Photoshop document",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_kind_is_refused_with_the_kinds_that_we_read(name, tmp_path):
    (tmp_path / name).write_bytes(FILES[name])
    words = WORDS.get(name, "none of JPEG, PNG, TIFF, WebP, AVIF, GIF")
    with pytest.raises(ImageError, match=words) as caught:
        PictureFile(tmp_path / name)
    assert name not in WORDS or "we do not read; " in str(caught.value)  # and the way out
    with pytest.raises(ImageError, match=words):
        rednet.restore(tmp_path / name)


def test_no_other_loader_can_be_called(tmp_path):
    vips = libvips()
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    blocked = 0
    for loader, name in (("svgload", "picture.svg"), ("csvload", "table.csv"), ("matrixload", "matrix.mat"),
                         ("vipsload", "native.v"), ("ppmload", "gray.pgm"), ("analyzeload", "a.img"),
                         ("matload", "matlab.mat"), ("magickload", "old.bmp"), ("pdfload", "page.pdf")):  # fmt: skip
        with pytest.raises((vips.Error, AttributeError)) as caught:  # a library without it has nothing to block
            getattr(vips.Image, loader)(str(tmp_path / name))
        blocked += "blocked" in str(caught.value)
    assert blocked >= 3


def test_ours_are_open():
    vips = libvips()
    levels = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    image = vips.Image.new_from_memory(levels.data, 7, 9, 3, "uchar").copy(interpretation="srgb")
    for row in FORMATS:
        content = image.write_to_buffer(row.endings[0])
        again = vips.Image.new_from_source(vips.Source.new_from_memory(content), "")
        assert (again.width, again.height) == (7, 9)
        assert again.get("vips-loader") == f"{row.loader}_source"


def test_a_raw_file_that_is_a_tiff_is_refused_rather_than_its_preview_restored(tmp_path):
    small = np.zeros((12, 16, 3), np.uint8)
    nikon = [(271, "s", 0, "NIKON CORPORATION", True)]
    raws = {"a.dng": [(50706, "B", 4, (1, 4, 0, 0), True)], "a.nef": nikon}
    for name, tags in raws.items():
        with tifffile.TiffWriter(tmp_path / name) as file:
            file.write(small, photometric="rgb", subfiletype=1, subifds=1, extratags=tags, metadata=None)
            file.write(small.repeat(4, axis=0)[:, :, 0], metadata=None)
        with pytest.raises(ImageError, match="a camera's raw file, of which we could read the preview alone; develop"):
            PictureFile(tmp_path / name)
    cr2 = bytearray((tmp_path / "a.nef").read_bytes())
    start, end = int.from_bytes(cr2[4:8], "little"), len(cr2)
    cr2[4:8] = end.to_bytes(4, "little")
    cr2 += cr2[start : start + 2 + 12 * int.from_bytes(cr2[start : start + 2], "little") + 4]
    cr2[8:10] = b"CR"
    (tmp_path / "a.cr2").write_bytes(cr2)
    with pytest.raises(ImageError, match="raw file"):
        PictureFile(tmp_path / "a.cr2")
    tifffile.imwrite(tmp_path / "a.tif", small, photometric="rgb", extratags=nikon, metadata=None)  # a developed one
    assert PictureFile(tmp_path / "a.tif").width == 16


def jpeg(**options):
    file = io.BytesIO()
    levels = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    Image.fromarray(levels).save(file, "JPEG", quality=80, **options)
    return file.getvalue()


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_lacks_only_its_end_is_a_picture(progressive, tmp_path):
    content = jpeg(progressive=progressive)
    (tmp_path / "whole.jpg").write_bytes(content)
    expected = read_picture(tmp_path / "whole.jpg").pixels
    for name, short in (("end.jpg", content[:-2]), ("half.jpg", content[:-1]), ("more.jpg", content + bytes(500))):
        (tmp_path / name).write_bytes(short)
        assert (read_picture(tmp_path / name).pixels == expected).all()


@pytest.mark.parametrize("missing", [3, 6, 40, 1000])
@pytest.mark.parametrize("restart", [0, 2])
def test_a_jpeg_that_lacks_pixels_is_refused(missing, restart, tmp_path):
    content = jpeg(restart_marker_rows=restart) if restart else jpeg()
    (tmp_path / "a.jpg").write_bytes(content[:-missing])
    with pytest.raises(ImageError, match=r"a\.jpg is not a picture that can be read"):
        read_picture(tmp_path / "a.jpg")


def test_a_thumbnail_s_end_is_not_that_of_the_picture(tmp_path):
    small = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(small, "JPEG")
    block = b"Exif\0\0" + small.getvalue()
    content = jpeg()[:-2]
    (tmp_path / "a.jpg").write_bytes(
        content[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + content[2:]
    )
    assert read_picture(tmp_path / "a.jpg").size == "64x48"
