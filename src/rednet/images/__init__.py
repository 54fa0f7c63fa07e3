"""Files and arrays <-> pictures: the only place that knows bit depths, alpha, orientation, profiles and metadata.

Read in this order: picture.py (what a picture is), colour.py (profiles and ranges), reading.py (files to pictures),
encoding.py (pictures to bytes), tiff_tags.py (what libvips drops from TIFF), writing.py (bytes to files, whole or not
at all), locking.py (who is writing).
"""

from rednet.images.encoding import FORMATS
from rednet.images.picture import Picture, from_array, to_array
from rednet.images.reading import MAX_MEGAPIXELS, PictureFile, from_any, read_picture
from rednet.images.writing import check_output, write_picture

__all__ = [
    "FORMATS",
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
