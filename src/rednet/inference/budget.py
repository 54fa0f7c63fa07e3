"""How large a tile fits into memory: decided before work starts, from what is free and what the container allows.

The largest tile is taken wherever it fits, so that the result of one picture does not change by a rounding error from
run to run.
"""

from __future__ import annotations

import re

from rednet.architecture import REDNetConfig
from rednet.errors import OptionError
from rednet.inference.machine import available_memory

__all__ = [
    "DEFAULT_TILE",
    "choose_tile",
    "parse_memory",
    "tile_memory",
    "whole_memory",
]

DEFAULT_TILE = 384  # px; 40 px of halo cost half as much work again; at 768 it would be a fifth, and above 1 GB
TILES = (DEFAULT_TILE, 256, 192, 128, 96, 64)
# In a whole run with tiles of 448 px, ncnn and all around it took about 1500 bytes a pixel that is read, with the
# shipped network (depth 20, width 64, stride 2; benchmarks/README.md): 24 floats a channel and sample, depth / 4 of
# which are skips.
WORKING_FLOATS = 19
PROCESS_BYTES = 200_000_000  # all but the network; 182 MB were measured on 48 megapixels with a tiny one
PICTURE_FLOATS = 10  # copies of each channel that work on a whole picture holds at its worst
SHARE_OF_FREE = 0.5  # of free memory is taken without being asked
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def parse_memory(text: str) -> int:
    """Reads an amount of memory in bytes, with K, M, G or T for 1024 and its powers.

    Raises:
        OptionError: it is none.

    Example:
        >>> parse_memory("1.5G")
        1610612736
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:I?B)?", text.strip().upper())
    if match is None:
        raise OptionError(f"max-memory is {text!r}; give an amount such as 800M or 1G")
    return int(float(match[1]) * UNITS[match[2]])


def tile_memory(config: REDNetConfig, tile: int, halo: int, row_bytes: int) -> int:
    """Estimates the peak of restoring a picture in bands of tiles, bytes.

    Args:
        config: the network's shape.
        tile, halo: px.
        row_bytes: of one row of the picture as it stands in the file, and as it is written.
    """
    read = tile + 2 * halo
    floats = (WORKING_FLOATS + config.depth // 4) * config.width / config.stride**2
    return PROCESS_BYTES + int(4 * floats * read * read) + row_bytes * (2 * read + tile)


def whole_memory(pixels: int, channels: int) -> int:
    """Estimates the peak of work that needs a whole picture at once, without the network's, bytes.

    Args:
        pixels: of the picture at its largest, all pages together.
        channels: of it.
    """
    return PROCESS_BYTES + 4 * PICTURE_FLOATS * channels * pixels


def choose_tile(config: REDNetConfig, halo: int, row_bytes: int, max_memory: int | None) -> int:
    """Finds the largest tile that fits.

    Args:
        config, halo, row_bytes: see `tile_memory`.
        max_memory: bytes that may be used; None for half of what is free.

    Raises:
        OptionError: not even the smallest tile fits.
    """
    limit = available_memory() * SHARE_OF_FREE if max_memory is None else max_memory
    for tile in TILES:
        tile = max(tile // config.stride, 1) * config.stride
        needed = tile_memory(config, tile, halo, row_bytes)
        if needed <= limit:
            return tile
    raise OptionError(
        f"restoring this picture needs {needed / 1e6:.0f} MB of memory and {limit / 1e6:.0f} MB may be used; "
        "free some, or raise --max-memory"
    )
