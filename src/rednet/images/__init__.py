"""Files and arrays <-> pictures: the only place that knows bit depths, alpha, orientation, profiles and metadata.

Read in this order: formats.py (which formats there are), layout.py (what bands are), picture.py (what a picture is),
colour.py (profiles and ranges), reading.py (files to pictures; of TIFF, also tiff_pages.py and doubles.py), given.py
(what Python programs give), encoding.py (pictures to bytes), metadata.py (all else in a file; each kind of metadata
has its own file: exif.py, xmp.py and density.py; reserved.py for WebP and AVIF; segments.py and photoshop.py for
JPEG; chunks.py and made_profile.py for PNG; tiff_tags.py and tiff_truth.py for TIFF), writing.py (bytes to files,
whole or not at all). foreign.py recognises the formats that we do not read, and broken files. Names are loaded when
they are first used, so that the command line can read the table of formats without loading numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rednet.images.given import from_any
    from rednet.images.picture import Picture, from_array, to_array
    from rednet.images.reading import MAX_MEGAPIXELS, PictureFile, read_picture
    from rednet.images.writing import check_output, write_picture

__all__ = [
    "MAX_MEGAPIXELS",
    "Picture",
    "PictureFile",
    "check_output",
    "from_any",
    "from_array",
    "read_picture",
    "to_array",
    "write_picture",
]

HOMES = {
    "picture": ("Picture", "from_array", "to_array"),
    "reading": ("MAX_MEGAPIXELS", "PictureFile", "read_picture"),
    "given": ("from_any",),
    "writing": ("check_output", "write_picture"),
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    for room, names in HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{room}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
