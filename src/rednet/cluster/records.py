"""The ledger of a run whose inputs or outputs have URLs: the same lines as `rednet.files.ledger`, in parts.

An object store cannot append to a file. So a run writes the lines of finished outputs in parts, each a file of its own,
and puts all into one file at the end. A line also holds the marks of input and output (size and ETag or time), so that
a further run sees from a listing alone what is done.

An output is written before its line. A run that is killed between the two leaves an output that the ledger does not
know. The next run makes it again, finds the same content, and adds the line; other content is never replaced.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rednet.cluster.storage import Found, Storage
from rednet.errors import ImageError
from rednet.files.ledger import OutputState, hash_file
from rednet.files.shards import Shard
from rednet.images.writing import IN_THE_WAY
from rednet.whole_files import PART

__all__ = ["Job", "Line", "Outputs", "Records"]

PART_EVERY_S = 20.0  # the work that a run does again after it was killed
LEDGER, ENDING, LEDGER_PART = ".rednet-ledger", ".jsonl", "-part-"

Line = dict[str, str]


@dataclass(frozen=True)
class Job:
    """A picture and its output.

    Args:
        storage, found: the picture.
        name: of the output in the output folder.
        error: what is wrong with the names; empty if nothing is.
    """

    storage: Storage
    found: Found
    name: str
    error: str = ""

    @property
    def place(self) -> str:
        """The URL of the picture."""
        return self.storage.place(self.found.name)


class Outputs:
    """What is known of some outputs; `restore_files` uses it as it uses a `Ledger`. It can be sent to other machines.

    Args:
        out: the output folder.
        made_by: the fingerprint of this run.
        overwrite: replace files that rednet has not written.
        marks: of the outputs that were there when the run began, by name.
        lines: of the ledger, of all runs, by output.
        again: a slot that was lost may have written these outputs already.
    """

    def __init__(
        self,
        out: Storage,
        made_by: str = "",
        *,
        overwrite: bool = False,
        marks: Mapping[str, str] | None = None,
        lines: Mapping[str, list[Line]] | None = None,
        again: bool = False,
    ) -> None:
        self.out, self.made_by, self.overwrite, self.again = out, made_by, overwrite, again
        self.marks, self.lines = dict(marks or {}), dict(lines or {})
        self.jobs: dict[Path, Job] = {}  # by the outputs' paths on this machine
        self.states: dict[str, OutputState] = {}  # of the outputs that are worked on
        self.fresh: list[Line] = []  # of this run

    def state(self, source: Path, target: Path) -> OutputState:
        """Return whether an output is done; if not, copy its input to this machine.

        Raises:
            ImageError: the input cannot be read.
        """
        job = self.jobs[target]
        mark, lines = self.marks.get(job.name), self.lines.get(job.name, [])
        made = [line for line in lines if mark is not None and line.get("output_mark") == mark]
        if mark is not None and lines and not made:
            content = self._hash(job.name)
            made = [line for line in lines if line.get("output_sha256") == content]
        ours = [line for line in made if line.get("job") == self.made_by]
        if any(line.get("input_mark") == job.found.mark for line in ours):
            return OutputState.DONE
        source.parent.mkdir(parents=True, exist_ok=True)
        job.storage.fetch(job.found.name, source)
        if ours and hash_file(source) in [line.get("input_sha256") for line in ours]:
            return OutputState.DONE
        if mark is None:
            known = OutputState.CHANGED if self.again else OutputState.MISSING
        else:
            known = OutputState.STALE if made else OutputState.CHANGED if lines else OutputState.FOREIGN
        self.states[job.name] = known
        return OutputState.MISSING  # on this machine

    def record(self, source_sha256: str, target: Path, part: Path) -> None:
        """Write an output to its storage, and note its line.

        Raises:
            ImageError: it cannot be written, or a file that rednet has not written is in the way.
        """
        job, content = self.jobs[target], hash_file(part)
        mark = self._make_room(job.name, content)
        if mark is None:
            mark = self.out.put(part, job.name)
        line = {
            "output": job.name, "input_sha256": source_sha256, "job": self.made_by, "output_sha256": content,
            "input_mark": job.found.mark, "output_mark": mark,
        }  # fmt: skip
        self.add([line])

    def add(self, lines: Sequence[Line]) -> None:
        """Note the lines of outputs that are there."""
        self.fresh += lines

    def _make_room(self, name: str, content: str) -> str | None:
        """Return the mark of what is there if it has the content already; else put it aside, or raise ImageError."""
        mark, state = self.out.mark(name), self.states.pop(name)
        if mark is None:
            return None
        if self._hash(name) == content:
            return mark
        if self.overwrite or state is OutputState.STALE:
            return None
        if state is not OutputState.CHANGED:
            raise ImageError(f"{self.out.place(name)} exists already; {IN_THE_WAY}", option="overwrite")
        stem, dot, ending = name.rpartition(".")
        number = 1
        while self.out.mark(aside := f"{stem}.changed-{number}{dot}{ending}") is not None:
            number += 1
        self.out.rename(name, aside)
        return None

    def _hash(self, name: str) -> str:
        """Return the sha256 of an output that is there."""
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "copy"
            self.out.fetch(name, copy)
            return hash_file(copy)


class Records(Outputs):
    """What is known of all outputs of a folder, and the ledger, which it writes; a context.

    Args:
        out, made_by, overwrite: see `Outputs`.
        shard: the part of the pictures that this run restores.
    """

    def __init__(self, out: Storage, made_by: str = "", shard: Shard | None = None, *, overwrite: bool = False) -> None:
        super().__init__(out, made_by, overwrite=overwrite)
        self.own_name = LEDGER if shard is None else f"{LEDGER}-{shard.number}-of-{shard.count}"
        self.own: dict[str, Line] = {}  # in the file and the parts of this shard
        self.parts: list[str] = []
        self.lock, self.written = threading.Lock(), time.monotonic()
        self.marks = {found.name: found.mark for found in out.files(recursive=True)}
        out.sweep([name for name in self.marks if PART in name])
        for name in sorted(self.marks):
            if "/" not in name and name.startswith(LEDGER) and name.endswith(ENDING):
                self._read(name)

    def __enter__(self) -> Records:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        with self.lock:
            if kind is not None:
                self._write_part()
            elif self.fresh or self.parts:
                self._write(f"{self.own_name}{ENDING}", [self.own[name] for name in sorted(self.own)])
                for name in self.parts:
                    self.out.remove(name)

    def of(self, jobs: Iterable[Job], *, again: bool = False) -> Outputs:
        """Return what is known of the outputs of some pictures; `again` as in `Outputs`."""
        names = {job.name for job in jobs}
        marks = {name: self.marks[name] for name in names if name in self.marks}
        lines = {name: self.lines[name] for name in names if name in self.lines}
        return Outputs(self.out, self.made_by, overwrite=self.overwrite, marks=marks, lines=lines, again=again)

    def add(self, lines: Sequence[Line]) -> None:
        with self.lock:
            self.own |= {line["output"]: line for line in lines}
            self.fresh += lines
            if time.monotonic() - self.written > PART_EVERY_S:
                self._write_part()

    def _read(self, name: str) -> None:
        """Read the lines of a file or a part."""
        ours = name == f"{self.own_name}{ENDING}" or name.startswith(f"{self.own_name}{LEDGER_PART}")
        if ours and LEDGER_PART in name:
            self.parts.append(name)
        for row in self.out.read(name).decode("utf-8", "replace").splitlines():
            try:
                line = json.loads(row)
                self.lines.setdefault(line["output"], []).append(line)
            except (ValueError, KeyError, TypeError):  # half a line, copied from a disk
                continue
            if ours:
                self.own[line["output"]] = line

    def _write_part(self) -> None:
        """Write the lines that are in no part yet."""
        if self.fresh:
            name = f"{self.own_name}{LEDGER_PART}{uuid.uuid4().hex}{ENDING}"
            self._write(name, self.fresh)
            self.parts.append(name)
            self.fresh = []
        self.written = time.monotonic()

    def _write(self, name: str, lines: Sequence[Line]) -> None:
        """Write lines to a file in the output folder."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "lines"
            file.write_text("".join(json.dumps(line, sort_keys=True) + "\n" for line in lines), "utf-8")
            self.out.put(file, name)
