"""Metadata as exiv2 and tifffile read them, and pictures as Pillow writes them: none of these is ours."""

import pytest
import tifffile
from PIL import Image

from tests.images import metadata_files as make

exiv2 = pytest.importorskip("exiv2", reason="an independent reader of EXIF, XMP and IPTC")
exiv2.XmpParser.initialize()


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


def tags_of(path, page=0):
    with tifffile.TiffFile(path) as file:
        return {tag.code: tag.value for tag in file.pages[page].tags}
