"""Which inputs give which outputs: decided for a whole folder before anything is written."""

from __future__ import annotations

import logging
import os
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from rednet.errors import OptionError
from rednet.images import FORMATS
from rednet.images.writing import real_place

__all__ = ["PICTURES", "Entry", "list_entries", "output_name"]

logger = logging.getLogger(__name__)

SUBSTITUTES = {".jpe": ".jpg", ".jfif": ".jpg", ".gif": ".png"}  # how the outputs of names end that we do not write
PICTURES = (*FORMATS, *SUBSTITUTES)  # names that are taken for pictures in a folder
ASIDE = re.compile(r"\.changed-\d+$")  # ends the stem of a copy that was put aside, see `rednet.batch.worker.put_aside`


@dataclass(frozen=True)
class Entry:
    """An input, its output, and what is wrong with the two (nothing, if empty)."""

    source: Path
    target: Path
    error: str = ""


def output_name(source: Path, *, suffix: str = "", format: str | None = None) -> str:
    """Names the output of a file.

    Args:
        source: the input.
        suffix: stands behind the name's stem.
        format: "jpg", "png", ...; None keeps the input's, or takes PNG where we cannot write that.

    Raises:
        OptionError: the format is unknown, or the suffix has a separator in it.
    """
    if "/" in suffix or os.sep in suffix:
        raise OptionError(f"suffix is {suffix!r}; it is a part of a name, without {os.sep}")
    own = source.suffix.lower()
    ending = source.suffix if own in FORMATS else SUBSTITUTES.get(own, ".png")
    if format is not None:
        ending = f".{format.lower().lstrip('.')}"
        if ending not in FORMATS:
            raise OptionError(f"format is {format!r}; it must be one of: {', '.join(f[1:] for f in FORMATS)}")
    return f"{source.stem}{suffix}{ending}"


def list_entries(
    folder: Path,
    out: Path,
    *,
    recursive: bool = False,
    suffix: str = "",
    format: str | None = None,
    made: Collection[Path] = (),
) -> list[Entry]:
    """Lists the pictures of a folder and their outputs, in the order of their names.

    Links to folders are followed, and each real folder is read once, so that a loop of links ends. Hidden files, the
    output folder, and files that are outputs themselves (of this run or an earlier one, or put aside as changed) are
    left out. A folder that cannot be read is an entry with an error, and so are all inputs that would give one output.

    Args:
        folder: to read.
        out: where the tree is mirrored.
        recursive: read the folders below, too.
        suffix, format: see `output_name`.
        made: outputs of earlier runs, see `rednet.batch.ledger.Ledger.outputs`.

    Raises:
        OptionError: see `output_name`; or an output would take its own input's place.
    """
    entries: list[Entry] = []
    earlier = {real_place(path) for path in made}
    for found in walk(folder, out, recursive=recursive):
        if isinstance(found, Entry):
            entries.append(found)
            continue
        original = found.with_stem(ASIDE.sub("", found.stem))
        if earlier and not earlier.isdisjoint({real_place(found), real_place(original)}):
            continue
        target = out / found.relative_to(folder).parent / output_name(found, suffix=suffix, format=format)
        if target == found or same_file(target, found):
            raise OptionError(f"{found} would be written over itself; give another folder, or a --suffix")
        entries.append(Entry(found, target))
    outputs = {entry.target for entry in entries if not entry.error}
    entries = [entry for entry in entries if entry.source not in outputs]
    count = Counter(entry.target for entry in entries if not entry.error)
    return [clashing(entry) if count[entry.target] > 1 and not entry.error else entry for entry in entries]


def clashing(entry: Entry) -> Entry:
    """Marks an entry whose output another input would give, too."""
    return replace(entry, error=f"another input would give {entry.target}, too; rename one, or leave --format out")


def leads_to_folder(item: os.DirEntry[str]) -> bool:
    """Tells whether an item of a folder is a folder, too; a link that leads to itself is none."""
    try:
        return item.is_dir()
    except OSError:
        return False


def same_file(path: Path, other: Path) -> bool:
    """Tells whether two paths lead to one file or folder that is there."""
    try:
        return path.samefile(other)
    except OSError:
        return False


def walk(folder: Path, out: Path, *, recursive: bool) -> Iterator[Path | Entry]:
    """Gives the pictures below a folder, and entries with errors for folders that cannot be read."""
    seen = set()
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        below = []
        try:
            status = here.stat()
            if (status.st_dev, status.st_ino) in seen:
                logger.warning("%s leads to a folder that has been read already", here)
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(here) as items:
                found = sorted(items, key=lambda item: item.name)
            for item in found:
                path = here / item.name
                if item.name.startswith("."):
                    continue
                if leads_to_folder(item):
                    if recursive and not same_file(path, out):
                        below.append(path)
                elif path.suffix.lower() in PICTURES:
                    yield path
        except OSError as error:
            yield Entry(here, out, f"cannot read {here}: {error.strerror}")
        waiting += reversed(below)
