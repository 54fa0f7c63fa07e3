"""The ledger: which outputs of a folder are done already, in a file of JSON lines in the output folder.

Each line names an output and holds the hashes of its input, of all options that shaped it, and of the output itself.
The line is written before the output gets its name, so that a run that is killed at any moment leaves no output that
the ledger does not know. A line counts only as long as its hashes agree with the files.

Each shard of a run writes a file of its own, so that shards on many machines need no common lock. Every run reads the
files of all; the order of the lines has no meaning.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, TextIO

from rednet.errors import ImageError
from rednet.files.shards import Shard
from rednet.images.writing import writing
from rednet.locking import HAS_LOCKS, lock
from rednet.whole_files import whole_file
from rednet.zoo.checking import CONFIG, WEIGHTS

__all__ = ["LEDGER", "Ledger", "OutputState", "fingerprint", "hash_file", "hash_model", "hash_option"]

LEDGER = ".rednet-ledger.jsonl"
LEDGERS = ".rednet-ledger*.jsonl"  # with those of shards


class OutputState(Enum):
    """What has become of an output, as far as the ledger knows."""

    MISSING = "not there"
    DONE = "made of this input with these options"
    STALE = "made by rednet, of another input or with other options"
    CHANGED = "made by rednet, and changed since"
    FOREIGN = "not made by rednet"


def hash_file(path: Path) -> str:
    """Return a file's sha256; raise ImageError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ImageError(f"cannot read {path}: {error.strerror}") from error


def hash_model(folder: Path) -> str:
    """Return the sha256 of a model folder's shape and weights."""
    return hashlib.sha256("".join(hash_file(folder / name) for name in (CONFIG, WEIGHTS)).encode()).hexdigest()


def hash_option(value: Any) -> Any:
    """Return an option's value for the fingerprint: an array's hash; a path with the hashes of the files there."""
    if isinstance(value, Mapping):
        return {name: hash_option(part) for name, part in value.items()}
    if hasattr(value, "tobytes"):
        return [str(value.dtype), list(value.shape), hashlib.sha256(value.tobytes()).hexdigest()]
    if not isinstance(value, str | Path):
        return value
    path = Path(value)
    if path.is_dir():
        files = {file.relative_to(path).as_posix(): file for file in sorted(path.rglob("*"))}
    else:
        files = {path.name: path}
    return [str(value), *(f"{name} {hash_file(file)}" for name, file in files.items() if file.is_file())]


def fingerprint(shaping: Mapping[str, Any]) -> str:
    """Return the sha256 of all that shapes an output beside its input: model, task, options, version."""
    return hashlib.sha256(json.dumps(shaping, sort_keys=True, default=str).encode()).hexdigest()


class Ledger:
    """The ledger of one output folder; a context in which no other run of the same shard may write there.

    Args:
        out: the output folder, which exists; None for outputs beside their inputs, which no ledger records.
        made_by: the fingerprint of this run, see `fingerprint`.
        shard: the part of the pictures that this run restores; None for all.

    Raises:
        ImageError: on entering, if another run is writing into the folder, or the ledger cannot be written.
    """

    def __init__(self, out: Path | None = None, made_by: str = "", shard: Shard | None = None) -> None:
        name = LEDGER if shard is None else f".rednet-ledger-{shard.number}-of-{shard.count}.jsonl"
        self.out, self.made_by, self.path = out, made_by, (out or Path()) / name
        self.lines: dict[str, list[dict[str, str]]] = {}  # of all files, by output
        self.own: dict[str, dict[str, str]] = {}  # the last line of each output in our own file
        self.lock = threading.Lock()

    def __enter__(self) -> Ledger:
        if self.out is None:
            return self
        try:
            self.file = self._open()
        except BlockingIOError:
            raise ImageError(
                f"another run is writing into {self.out} (its ledger {self.path.name} is locked); wait for it, or "
                "choose another folder"
            ) from None
        except OSError as error:
            raise ImageError(f"cannot write {self.path}: {error.strerror}") from error
        try:
            self.read()
            if self.path.stat().st_size:
                self.file.write("\n")  # after half a line, if there is one
        except BaseException:
            self.file.close()
            raise
        return self

    def _open(self) -> TextIO:
        """Open and lock the file; do it again if a run that ended meanwhile has put a new file in its place.

        Raises:
            BlockingIOError: another run holds the lock. OSError: the file cannot be written.
        """
        while True:
            file = self.path.open("a+", encoding="utf-8")
            try:
                locked = lock(file)
                if not locked or os.path.samestat(os.fstat(file.fileno()), self.path.stat()):
                    return file
            except FileNotFoundError:
                pass
            except BaseException:
                file.close()
                raise
            file.close()

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if self.out is None:
            return
        try:
            if kind is None:
                if not HAS_LOCKS:  # Windows, which replaces no open file
                    self.file.close()
                self.tidy()
        finally:
            self.file.close()

    def read(self) -> Ledger:
        """Read the lines of all files, without locking the folder; raise ImageError if a file cannot be read."""
        self.lines, self.own = {}, {}
        for path in {self.path, *self.path.parent.glob(LEDGERS)}:
            for line in read_lines(path):
                self.lines.setdefault(line["output"], []).append(line)
                if path == self.path:
                    self.own[line["output"]] = line
        return self

    def outputs(self) -> set[Path]:
        """Return all outputs that the ledger records, whether they exist or not."""
        return {self.path.parent / name for name in self.lines}

    def state(self, source: Path, target: Path) -> OutputState:
        """Compare an output and its input with the ledger; read both."""
        if not os.path.lexists(target):
            return OutputState.MISSING
        lines = [] if self.out is None else self.lines.get(self.name(target), [])
        if not lines:
            return OutputState.FOREIGN
        content = hash_file(target)
        made = [line for line in lines if line.get("output_sha256") == content]
        if not made:
            return OutputState.CHANGED
        ours = [line["input_sha256"] for line in made if line.get("job") == self.made_by and "input_sha256" in line]
        return OutputState.DONE if ours and hash_file(source) in ours else OutputState.STALE

    def record(self, source_sha256: str, target: Path, part: Path) -> None:
        """Write the line of an output that is about to get its name.

        Args:
            source_sha256: hash of the input.
            target: the output.
            part: the whole output, still under a temporary name.
        """
        if self.out is None:
            return
        line = {
            "output": self.name(target),
            "input_sha256": source_sha256,
            "job": self.made_by,
            "output_sha256": hash_file(part),
        }
        with self.lock:
            self.lines.setdefault(line["output"], []).append(line)
            self.own[line["output"]] = line
            self.file.write(json.dumps(line, sort_keys=True) + "\n")
            self.file.flush()
            os.fsync(self.file.fileno())

    def name(self, target: Path) -> str:
        """Return an output's name relative to the folder."""
        return target.relative_to(self.path.parent).as_posix()

    def tidy(self) -> None:
        """Keep only the last line of each output, sorted by name, as an uninterrupted run writes them."""
        with writing(self.path), whole_file(self.path) as file:
            for name in sorted(self.own):
                file.write((json.dumps(self.own[name], sort_keys=True) + "\n").encode())


def read_lines(path: Path) -> list[dict[str, str]]:
    """Return the whole lines of a ledger's file; none if it does not exist; raise ImageError if it cannot be read."""
    try:
        text = path.read_text("utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ImageError(f"cannot read {path}: {error.strerror}") from error
    lines = []
    for row in text.splitlines():
        try:
            line = json.loads(row)
            if isinstance(line["output"], str):
                lines.append(line)
        except (ValueError, KeyError, TypeError):  # the last line of a run that was killed
            continue
    return lines
