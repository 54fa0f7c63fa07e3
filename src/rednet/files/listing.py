"""Lists pictures with their outputs and the outputs' names, for all inputs before anything is written."""

from __future__ import annotations

import logging
import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rednet.errors import OptionError
from rednet.images.formats import output_ending, read_endings, written_endings
from rednet.images.writing import real_place

__all__ = ["FOLDER", "RESULT", "Entry", "leads_to_folder", "list_entries", "output_name", "pictures_below", "same_file"]

logger = logging.getLogger(__name__)

FOLDER, RESULT = "a folder", "a result"  # are skipped and counted, like files of other formats
ASIDE = re.compile(r"\.changed-\d+$")  # ends the stem of an output that was put aside, see `rednet.files.many`


@dataclass(frozen=True)
class Entry:
    """An input, its output, and what is wrong with the two (empty if nothing is)."""

    source: Path
    target: Path
    error: str = ""


def output_name(source: Path, *, suffix: str = "", format: str | None = None) -> str:
    """Return the name of a file's output.

    Args:
        source: the input.
        suffix: follows the name's stem.
        format: "jpg", "png", ...; None keeps the input's format, or takes PNG where rednet cannot write that.

    Raises:
        OptionError: the format is unknown, or the suffix contains a separator.
    """
    if "/" in suffix or os.sep in suffix:
        raise OptionError(f"suffix is {suffix!r}; it is a part of a name, without {os.sep}")
    ending = output_ending(source.suffix)
    if format is not None:
        ending, known = f".{format.lower().lstrip('.')}", written_endings()
        if ending not in known:
            raise OptionError(f"format is {format!r}; it must be one of: {', '.join(own[1:] for own in known)}")
    return f"{source.stem}{suffix}{ending}"


def list_entries(
    inputs: Path | Sequence[Path],
    out: Path | None,
    *,
    recursive: bool = False,
    suffix: str = "",
    format: str | None = None,
    made: Callable[[], Collection[Path]] = tuple,
    passed: Counter[str] | None = None,
) -> list[Entry]:
    """List pictures and their outputs, in the order of the inputs, and in a folder by name.

    Links to folders are followed, and each real folder is read once, so that a loop of links ends. Hidden files, the
    output folder, and files that are outputs themselves (of this run or an earlier one, or put aside as changed) are
    left out. A folder that cannot be read is an entry with an error, and so are all inputs of one and the same output.

    Args:
        inputs: files, of any name, and folders to read.
        out: folder in which the trees are mirrored; None writes beside the inputs.
        recursive: read the folders below, too.
        suffix, format: see `output_name`.
        made: returns the outputs of earlier runs and of those beside this one, see `Ledger.outputs`. It is called when
            the folders have been read, so that it knows every output that was found there.
        passed: counts what is skipped: `FOLDER`, `RESULT` (among the inputs that are files), or the endings of other
            files.

    Raises:
        OptionError: see `output_name`; or an output would replace its own input.
    """
    passed = Counter() if passed is None else passed
    entries: dict[tuple[Path, Path], Entry] = {}  # by real places: what is named twice is done once
    named = set()  # inputs that are no folders
    read = []
    for given in [inputs] if isinstance(inputs, Path) else inputs:
        whole = leads_to_folder(given)
        below = list(pictures_below(given, out, recursive=recursive, passed=passed)) if whole else [given]
        read.append((given, whole, below))
    earlier = {real_place(path) for path in made()}
    for given, whole, below in read:
        for found in below:
            if isinstance(found, Entry):
                entries[found.source, found.target] = found
                continue
            original = found.with_stem(ASIDE.sub("", found.stem))
            if earlier and not earlier.isdisjoint({real_place(found), real_place(original)}):
                passed[RESULT] += not whole
                continue
            place = (out or given) / found.relative_to(given).parent if whole else out or given.parent
            target = place / output_name(found, suffix=suffix, format=format)
            if target == found or same_file(target, found):
                raise OptionError(f"{found} would be written over itself; give another folder, or a suffix")
            entries.setdefault((real_place(found), real_place(target)), Entry(found, target))
            if not whole:
                named.add(real_place(found))
    outputs = {target for (_, target), entry in entries.items() if not entry.error}
    passed[RESULT] += len(named & outputs)
    left = {places: entry for places, entry in entries.items() if places[0] not in outputs}
    count = Counter(target for (_, target), entry in left.items() if not entry.error)
    return [clashing(e) if count[target] > 1 and not e.error else e for (_, target), e in left.items()]


def clashing(entry: Entry) -> Entry:
    """Return the entry with the error that another input has the same output."""
    return replace(entry, error=f"another input would give {entry.target}, too; rename one, or keep their formats")


def leads_to_folder(item: Path | os.DirEntry[str]) -> bool:
    """Return whether a path, or an item of a folder, is a folder; a link to itself is none."""
    try:
        return item.is_dir()
    except OSError:
        return False


def same_file(path: Path, other: Path) -> bool:
    """Return whether two paths lead to the same existing file or folder."""
    try:
        return path.samefile(other)
    except OSError:
        return False


def pictures_below(
    folder: Path, out: Path | None = None, *, recursive: bool, passed: Counter[str]
) -> Iterator[Path | Entry]:
    """Yield the pictures below a folder, and entries with errors for folders that cannot be read.

    Args:
        folder: to read.
        out: the output folder, which is left out.
        recursive: read the folders below, too.
        passed: counts what is skipped, see `list_entries`.
    """
    seen, endings = set(), read_endings()
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
                    if out is not None and same_file(path, out):
                        continue
                    if recursive:
                        below.append(path)
                    else:
                        passed[FOLDER] += 1
                elif path.suffix.lower() in endings:
                    yield path
                else:
                    passed[path.suffix.lower()] += 1
        except OSError as error:
            yield Entry(here, out or here, f"cannot read {here}: {error.strerror}")
        waiting += reversed(below)
