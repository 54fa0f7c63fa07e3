"""Shards: the pictures of one run are divided among several runs, which need not know of each other."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rednet.errors import OptionError
from rednet.files.listing import Entry

__all__ = ["Shard"]


@dataclass(frozen=True)
class Shard:
    """One of the equal shares into which pictures are divided.

    A picture's shard follows from a hash of its output's name in the output folder. So the shards of a run are disjoint
    and together complete, and a picture keeps its shard when others are added or removed.

    Args:
        number: of this shard, 1 to `count`.
        count: number of all shards.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise OptionError(
                f"shard is {self.number}/{self.count}; the first is 1/{max(self.count, 1)}, and the last "
                f"{max(self.count, 1)}/{max(self.count, 1)}",
                option="shard",
            )

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read a shard from a text.

        Raises:
            OptionError: the text has another form, or no such shard exists.

        Example:
            >>> Shard.parse("3/8")
            Shard(number=3, count=8)
        """
        match = re.fullmatch(r"\s*(\d+)\s*/\s*(\d+)\s*", text, re.ASCII)
        if match is None:
            raise OptionError(f"shard is {text!r}; write its number and how many there are, as in 3/8", option="shard")
        return cls(int(match[1]), int(match[2]))

    def holds(self, name: str) -> bool:
        """Return whether a name is in this shard."""
        digest = hashlib.sha256(os.fsencode(name)).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.number - 1

    def cut(self, entries: Iterable[Entry], out: Path) -> list[Entry]:
        """Return the entries of this shard, in the same order; `out` is the output folder."""
        return [entry for entry in entries if self.holds(entry.target.relative_to(out).as_posix())]
