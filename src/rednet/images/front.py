"""Replaces the first bytes of a file that is already written, by others of any length."""

from __future__ import annotations

import io
from typing import BinaryIO

__all__ = ["replace_front"]

PIECE = 4 << 20  # bytes that are moved at once


def replace_front(file: BinaryIO, length: int, front: bytes) -> None:
    """Replace the first `length` bytes of a file, open to read and write; all behind them moves."""
    end = file.seek(0, io.SEEK_END)
    shift = len(front) - length
    starts = range(length, end, PIECE)
    for start in reversed(starts) if shift > 0 else starts:
        file.seek(start)
        piece = file.read(min(PIECE, end - start))
        file.seek(start + shift)
        file.write(piece)
    file.seek(0)
    file.write(front)
    file.truncate(end + shift)
