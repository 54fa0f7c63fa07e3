"""What is done already: a file of JSON lines in the output folder.

Each line names an output and the hashes of its input, of all that shaped it, and of itself. The line is written before
the output gets its name, so that a run that is killed at any moment never leaves an output which it does not know. The
ledger is never trusted over the files: what counts is that the hashes are still right.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any

from rednet.errors import ImageError
from rednet.images.writing import writing
from rednet.locking import lock
from rednet.whole_files import whole_file
from rednet.zoo.checking import CONFIG, WEIGHTS

__all__ = ["LEDGER", "Ledger", "NoLedger", "State", "hash_file", "hash_job", "hash_model", "hash_option"]

LEDGER = ".rednet-ledger.jsonl"


class State(Enum):
    """How an output stands to its input."""

    MISSING = "not there"
    DONE = "made of this input in this way"
    STALE = "made by us, of another input or in another way"
    CHANGED = "made by us, and changed since"
    FOREIGN = "not ours"


def hash_file(path: Path) -> str:
    """Gives a file's sha256; raises ImageError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ImageError(f"cannot read {path}: {error.strerror}") from error


def hash_model(folder: Path) -> str:
    """Gives the sha256 of a model folder's shape and weights."""
    return hashlib.sha256("".join(hash_file(folder / name) for name in (CONFIG, WEIGHTS)).encode()).hexdigest()


def hash_option(value: Any) -> Any:
    """Return an option's value; of an array, its hash; of a file or a folder, with the hashes of what is in it."""
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


def hash_job(facts: Mapping[str, Any]) -> str:
    """Gives the sha256 of all that shapes an output beside its input: model, verb, options, version."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


class Ledger:
    """The ledger of one output folder and one job; a context in which no other run may write there.

    Args:
        out: the output folder, which is there.
        job: see `hash_job`.

    Raises:
        ImageError: on entering, if another run is writing into the folder, or the ledger cannot be written.
    """

    def __init__(self, out: Path, job: str) -> None:
        self.out, self.job = out, job
        self.path = out / LEDGER
        self.lines: dict[str, list[dict[str, str]]] = {}
        self.lock = threading.Lock()

    def __enter__(self) -> Ledger:
        try:
            self.file = self.path.open("a+", encoding="utf-8")
        except OSError as error:
            raise ImageError(f"cannot write {self.path}: {error.strerror}") from error
        try:
            lock(self.file)
            self.read()
            if self.path.stat().st_size:
                self.file.write("\n")  # behind half a line, if there is one
        except BaseException as error:
            self.file.close()
            if not isinstance(error, BlockingIOError):
                raise
            raise ImageError(f"another run is writing into {self.out}; wait for it, or choose another folder") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.tidy()
        finally:
            self.file.close()

    def read(self) -> Ledger:
        """Reads what is noted, if anything, without keeping others out; raises ImageError if it may not."""
        self.lines = {}
        try:
            text = self.path.read_text("utf-8", errors="replace")
        except (FileNotFoundError, NotADirectoryError):
            return self
        except OSError as error:
            raise ImageError(f"cannot read {self.path}: {error.strerror}") from error
        for row in text.splitlines():
            try:
                line = json.loads(row)
                self.lines.setdefault(line["output"], []).append(line)
            except (ValueError, KeyError, TypeError):  # the last line of a run that was killed
                continue
        return self

    def outputs(self) -> set[Path]:
        """Gives all outputs that are noted, whether they are there or not."""
        return {self.out / name for name in self.lines}

    def state(self, source: Path, target: Path) -> State:
        """Finds out how an output stands to its input; reads both."""
        if not os.path.lexists(target):
            return State.MISSING
        lines = self.lines.get(self.name(target), [])
        if not lines:
            return State.FOREIGN
        content = hash_file(target)
        line = next((line for line in reversed(lines) if line.get("output_sha256") == content), None)
        if line is None:
            return State.CHANGED
        same = line.get("job") == self.job and line.get("input_sha256") == hash_file(source)
        return State.DONE if same else State.STALE

    def record(self, source_sha256: str, target: Path, part: Path) -> None:
        """Notes an output that is about to get its name.

        Args:
            source_sha256: hash of the input.
            target: the output.
            part: the whole output, still under a temporary name.
        """
        line = {
            "output": self.name(target),
            "input_sha256": source_sha256,
            "job": self.job,
            "output_sha256": hash_file(part),
        }
        with self.lock:
            self.lines.setdefault(line["output"], []).append(line)
            self.file.write(json.dumps(line, sort_keys=True) + "\n")
            self.file.flush()
            os.fsync(self.file.fileno())

    def name(self, target: Path) -> str:
        """Names an output relative to the folder."""
        return target.relative_to(self.out).as_posix()

    def tidy(self) -> None:
        """Writes the last line of each output, in the order of their names: the same as an unbroken run writes."""
        with writing(self.path), whole_file(self.path) as file:
            for name in sorted(self.lines):
                file.write((json.dumps(self.lines[name][-1], sort_keys=True) + "\n").encode())


class NoLedger(Ledger):
    """The ledger of results beside their inputs: it notes nothing, so that each file that is there is not ours."""

    def __init__(self) -> None:
        super().__init__(Path(), "")

    def __enter__(self) -> NoLedger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leaves nothing to tidy."""

    def state(self, source: Path, target: Path) -> State:
        return State.FOREIGN if os.path.lexists(target) else State.MISSING

    def record(self, source_sha256: str, target: Path, part: Path) -> None:
        """Notes nothing."""
