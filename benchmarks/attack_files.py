"""The files that the attacks send: files that are not pictures, claim a larger size, or are slow to draw."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image


def noise(width: int, height: int) -> np.ndarray:
    """Return a picture of noise."""
    return np.random.default_rng(width * height).integers(0, 256, (height, width, 3), np.uint8)


def png(levels: np.ndarray) -> bytes:
    """Return a picture as a PNG."""
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "PNG", compress_level=0)
    return file.getvalue()


def part(name: bytes, content: bytes) -> bytes:
    """Return a part of a PNG."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def flat(side: int, height: int | None = None, rows: int | None = None) -> bytes:
    """Return a small PNG of a large transparent square, or of its first rows only."""
    height = side if height is None else height
    head = part(b"IHDR", struct.pack(">2I5B", side, height, 8, 6, 0, 0, 0))
    pixels, packer = bytes(1 + 4 * side), zlib.compressobj(9)
    content = b"".join([*(packer.compress(pixels) for _ in range(height if rows is None else rows)), packer.flush()])
    return b"\x89PNG\r\n\x1a\n" + head + part(b"IDAT", content) + part(b"IEND", b"")


def bomb(width: int, height: int) -> bytes:
    """Return a PNG with fewer rows than its header claims."""
    return flat(width, height, 1)


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 60 40\n/l { l } def l\nshowpage\n%%EOF\n"
CARDS = ("SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    2",
         "NAXIS1  =                 4000", "NAXIS2  =                 4000", "END")  # fmt: skip
FITS = "".join(f"{card:80}" for card in CARDS).ljust(2880).encode() + bytes(5760)
USE = '<use href="#g{}" x="1"/>'
GROUPS = "".join(f'<g id="g{n + 1}">{12 * USE.format(n)}</g>' for n in range(5))
SVG = f'<svg xmlns="http://www.w3.org/2000/svg"><rect id="g0" width="9" height="9"/>{GROUPS}</svg>'.encode()
MAT = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + bytes(512)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"
STRANGE = (SVG, MAT, PDF, FITS, EPS)
LAYERS = (EPS, FITS, SVG, flat(60, 40)[:20])
