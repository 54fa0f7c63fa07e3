"""ICC profiles for PNG files that say in chunks of their own what their colours mean.

Source: PNG, third edition (W3C, 2025), section 11.3.2; ICC.1:2022; ITU-T H.273 (the code points of cICP).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["hdr", "profile_of"]

Curve = tuple[float, ...]  # of ICC's type para: (gamma,), or (gamma, a, b, c, d)
Primaries = tuple[tuple[float, float], ...]  # white, red, green and blue, (x, y) each

SRGB_CURVE: Curve = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
VIDEO_CURVE = (1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081)
D65 = (0.3127, 0.3290)
# By the code points of cICP.
PRIMARIES: dict[int, Primaries] = {
    1: (D65, (0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    9: (D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    11: ((0.314, 0.351), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    12: (D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
CURVES: dict[int, Curve] = {
    1: VIDEO_CURVE, 4: (2.2,), 5: (2.8,), 6: VIDEO_CURVE, 8: (1.0,), 13: SRGB_CURVE, 14: VIDEO_CURVE, 15: VIDEO_CURVE,
}  # fmt: skip
HDR_CURVES = (16, 18)  # PQ and HLG, which no simple profile describes
UNIT = 100_000  # of the numbers in gAMA and cHRM
SRGB_GAMMA = 45455
TOLERANCE = 0.005  # within which a stated gamma or colour is taken for that of sRGB
D50 = np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def hdr(chunks: Mapping[bytes, bytes]) -> bool:
    """Tell whether chunks say that a picture is coded for HDR screens, as PQ or HLG."""
    return chunks.get(b"cICP", b"\0\0")[1] in HDR_CURVES


def profile_of(chunks: Mapping[bytes, bytes], channels: int) -> bytes:
    """Make an ICC profile that says what chunks say.

    Args:
        chunks: the contents of cICP, sRGB, gAMA and cHRM, as far as a file has them, by their types.
        channels: 1 for a profile of gray, 3 for one of RGB.

    Returns:
        The profile; empty if the colours are sRGB, coded for HDR screens, or not told.
    """
    curve: Curve = SRGB_CURVE
    primaries: Primaries = PRIMARIES[1]
    coded = chunks.get(b"cICP", b"")
    if len(coded) == 4 and coded[0] in PRIMARIES and coded[1] in CURVES:
        curve, primaries = CURVES[coded[1]], PRIMARIES[coded[0]]
    elif coded or b"sRGB" in chunks:
        return b""
    else:
        (gamma,) = struct.unpack(">I", chunks.get(b"gAMA", b"").rjust(4, b"\0")[:4])
        if gamma and abs(gamma / SRGB_GAMMA - 1) > TOLERANCE:
            curve = (UNIT / gamma,)
        if len(chunks.get(b"cHRM", b"")) == 32:
            values = np.array(struct.unpack(">8I", chunks[b"cHRM"])) / UNIT
            primaries = tuple((float(x), float(y)) for x, y in values.reshape(4, 2))
    near = np.abs(np.array(primaries) - np.array(PRIMARIES[1])).max() <= TOLERANCE
    if curve == SRGB_CURVE and near:
        return b""
    try:
        matrix = _to_d50(primaries)
    except (np.linalg.LinAlgError, ZeroDivisionError):
        return b""
    return _icc(curve, matrix, channels)


def _to_d50(primaries: Primaries) -> NDArray[np.float64]:
    """Return the matrix from linear RGB to XYZ under D50, the light of all profiles."""
    (white, *corners) = [np.array([x / y, 1, (1 - x - y) / y]) for x, y in primaries]
    columns = np.stack(corners, axis=1)
    matrix = columns * np.linalg.solve(columns, white)
    cones = np.diag((BRADFORD @ D50) / (BRADFORD @ white))
    return np.asarray(np.linalg.inv(BRADFORD) @ cones @ BRADFORD @ matrix)


def _icc(curve: Curve, matrix: NDArray[np.float64], channels: int) -> bytes:
    """Write a profile of version 4."""
    para = b"para" + struct.pack(">4xHH", 3 if len(curve) > 1 else 0, 0) + _fixed(curve)
    words = "Colours as told by the chunks of a PNG file".encode("utf-16-be")
    text = b"mluc" + struct.pack(">4xII2s2sII", 1, 12, b"en", b"US", len(words), 28) + words
    tags = {b"desc": text, b"cprt": text, b"wtpt": _xyz(D50)}
    if channels == 1:
        tags[b"kTRC"] = para
    else:
        for name, column in zip((b"r", b"g", b"b"), matrix.T, strict=True):
            tags |= {name + b"XYZ": _xyz(column), name + b"TRC": para}
    place, table, content = 128 + 4 + 12 * len(tags), b"", b""
    for name, value in tags.items():
        table += name + struct.pack(">II", place + len(content), len(value))
        content += value + bytes(-len(value) % 4)
    size = place + len(content)
    space = b"GRAY" if channels == 1 else b"RGB "
    head = struct.pack(">I4xI4s4s4s12x4s", size, 0x04300000, b"mntr", space, b"XYZ ", b"acsp").ljust(
        68, b"\0"
    ) + _fixed(D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + content


def _xyz(values: Sequence[float] | NDArray[np.float64]) -> bytes:
    """Write a colour."""
    return b"XYZ " + bytes(4) + _fixed(values)


def _fixed(values: Sequence[float] | NDArray[np.float64]) -> bytes:
    """Write numbers in units of 1/65536."""
    return b"".join(struct.pack(">i", round(float(value) * 65536)) for value in values)
