"""Restores pictures on a cluster: Ray places the processes, and rednet sends them the names of pictures, never pixels.

Each process is a slot: it holds the network, and reads and writes pictures itself, a portion of them at a time. The
next portion goes to the slot that has finished its last one, so no queue can grow. The pictures of a slot that was lost
with its machine are restored again by others. This process alone writes the ledger.
"""

from __future__ import annotations

import logging
import platform
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from rednet.cluster.records import Job, Line, Outputs, Records
from rednet.cluster.remote import restore_jobs
from rednet.errors import EngineError, ImageError, OptionError, RednetError
from rednet.files.file import Report
from rednet.files.many import Batch
from rednet.machine import Device, return_memory_at_once
from rednet.packages import need
from rednet.private_folder import private_folder
from rednet.restoring.restorer import Restorer

__all__ = ["Needs", "Slot", "Work", "connected", "restore_on_cluster", "slot_needs"]

logger = logging.getLogger(__name__)

SLOT_THREADS, SLOT_BYTES = 2, 1 << 30  # of a slot, unless the user says otherwise
ATTEMPTS = 3  # for a picture, if its slot is lost each time
PORTION, PORTION_BYTES = 8, 32 << 20  # limits of what a slot gets at once: this much is done again if it is lost
CONNECT_TIMEOUT_S = 10.0
LOOK_EVERY_S = 2.0  # at the machines of the cluster
WORRY_AFTER_S = 30.0  # without any slot at work


@dataclass(frozen=True)
class Work:
    """What a slot needs to know; it is sent to each.

    Args:
        batch: what is to be done; it reports nothing.
        restorer: loads the network.
        fingerprint: hashes all that shapes an output, with the model and the files on the machine where it is called.
        made_by: what `fingerprint` returns.
    """

    batch: Batch
    restorer: Callable[[], Restorer]
    fingerprint: Callable[[], str]
    made_by: str


class Needs(NamedTuple):
    """What a slot takes of its machine.

    Args:
        threads: number of processors.
        memory: bytes.
        gpus: number of graphics processors.
    """

    threads: int
    memory: int
    gpus: int

    def __str__(self) -> str:
        gpus = f", {self.gpus} graphics processor" if self.gpus else ""
        return f"{self.threads} processors, {self.memory / 1e9:.1f} GB of memory{gpus}"

    def room(self, resources: Mapping[str, float]) -> int:
        """Return how many slots a machine with these resources can hold."""
        amounts = {"CPU": self.threads, "memory": self.memory, "GPU": self.gpus}
        return min(int(resources.get(name, 0) // amount) for name, amount in amounts.items() if amount)


class Slot:
    """A process of the cluster that restores pictures; Ray makes it, on any machine."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def start(self) -> None:
        """Load the network.

        Raises:
            OptionError: this machine would not make the same outputs as the one that runs the command.
        """
        if self.work.fingerprint() != self.work.made_by:
            raise OptionError(
                f"{platform.node()} has another version of rednet or of the model, or no such file for an option; "
                "install the same on all machines, and give files by absolute paths that all of them see"
            )
        return_memory_at_once()
        self.private = private_folder()  # that of a killed process is removed by the next one
        self.folder = self.private.__enter__()
        self.restorer = self.work.restorer()

    def restore(self, jobs: Sequence[Job], outputs: Outputs) -> tuple[list[Report], list[Line]]:
        """Restore pictures; return their reports and the lines of their outputs for the ledger."""
        reports = restore_jobs(jobs, self.work.batch, self.restorer, outputs, self.folder)
        return reports, outputs.fresh


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Connect to a cluster; a context that yields the package ray.

    Args:
        address: "auto" for the cluster of this machine, "ray://HOST", or what else Ray takes.

    Raises:
        OptionError: no cluster is there, or Ray is not installed.
    """
    ray = need("ray", "cluster", "work on a cluster", OptionError)
    if address.startswith("ray://") and ":" not in address.removeprefix("ray://"):
        address += ":10001"
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    try:
        if colon:  # Ray itself tries for minutes
            socket.create_connection((host, int(port)), CONNECT_TIMEOUT_S).close()
        ray.init(address, logging_level=logging.WARNING, log_to_driver=False)
    except Exception as error:  # Ray has no one class for this
        words = str(error).strip().rpartition("\n")[2]  # others are a traceback of the cluster
        raise OptionError(
            f"no Ray cluster answers at {address} ({words}); start one there (see docs/scaling.md), with the "
            "same versions of Ray and Python as here",
            option="cluster",
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def slot_needs(ray: Any, *, threads: int | None, max_memory: int | None, device: Device) -> Needs:
    """Return what a slot takes of its machine; by default 2 processors, or 1 if no machine has more, and 1 GiB."""
    largest = max((node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"]), default=0)
    usual = SLOT_THREADS if largest >= SLOT_THREADS else 1
    return Needs(threads or usual, max_memory or SLOT_BYTES, int(device == "gpu"))


def restore_on_cluster(
    ray: Any,
    needs: Needs,
    jobs: Sequence[Job],
    work: Work,
    records: Records,
    on_report: Callable[[Report], None] = lambda report: None,
) -> list[Report]:
    """Restore pictures.

    Args:
        ray: see `connected`.
        needs: see `slot_needs`; `work` must keep to it.
        jobs: of `list_jobs`.
        work: what is to be done.
        records: entered; knows which outputs are done already.
        on_report: called with each picture's report.

    Returns:
        A report for each picture, in the same order.

    Raises:
        EngineError: no slot could start.
    """
    run = _Run(ray, needs, jobs, work, records, on_report)
    try:
        run.go_on()
    finally:
        run.stop()
    return [run.reports[job.name, job.place] for job in jobs]


class _Run:
    """A run on a cluster; the arguments are those of `restore_on_cluster`."""

    def __init__(
        self,
        ray: Any,
        needs: Needs,
        jobs: Sequence[Job],
        work: Work,
        records: Records,
        on_report: Callable[[Report], None],
    ) -> None:
        self.ray, self.needs, self.records, self.on_report = ray, needs, records, on_report
        self.waiting, self.attempts = deque(jobs), Counter[Job]()
        self.reports: dict[tuple[str, str], Report] = {}
        self.busy: dict[Any, tuple[Any, list[Job]]] = {}  # slots and their portions, by what they will return
        self.refused = 0  # slots that did not start, since one did
        self.alive = time.monotonic()  # when a slot was last at work
        self.sent = ray.put(work)
        self.slot = ray.remote(num_cpus=needs.threads, memory=needs.memory, num_gpus=needs.gpus)(Slot)

    def go_on(self) -> None:
        """Give portions to slots until all is done."""
        while self.waiting or any(portion for _, portion in self.busy.values()):
            self._start_slots()
            for done in self.ray.wait(list(self.busy), timeout=LOOK_EVERY_S)[0]:
                self._take(done)
            if any(portion for _, portion in self.busy.values()):
                self.alive = time.monotonic()
            elif time.monotonic() - self.alive > WORRY_AFTER_S:
                self.alive = time.monotonic()
                logger.warning("no machine of the cluster has %s free; still waiting", self.needs)

    def stop(self) -> None:
        """End all slots."""
        for slot, _ in self.busy.values():
            self.ray.kill(slot)
        self.records.out.sweep(job.name for job in self.attempts)

    def _start_slots(self) -> None:
        """Start as many slots as the machines have room for, and as there are portions; at least one."""
        room = sum(self.needs.room(node["Resources"]) for node in self.ray.nodes() if node["Alive"]) - self.refused
        working = sum(bool(portion) for _, portion in self.busy.values())
        wanted = min(room, working + len(self.waiting))
        for _ in range(max(wanted - len(self.busy), 0 if self.busy else 1)):
            slot = self.slot.remote(self.sent)
            self.busy[slot.start.remote()] = slot, []

    def _take(self, done: Any) -> None:
        """Take what a slot has done, and give it more."""
        slot, portion = self.busy.pop(done)
        try:
            result = self.ray.get(done)
        except self.ray.exceptions.RayError as error:
            self.ray.kill(slot)
            self._lose(portion, getattr(error, "cause", None) or error)
            return
        if not portion:
            self.refused = 0
        else:
            reports, lines = result
            self.records.add(lines)
            for job, report in zip(portion, reports, strict=True):
                self._report(job, report)
        if self.waiting:
            again = self.attempts[self.waiting[0]] > 0
            portion = self._portion()
            self.busy[slot.restore.remote(portion, self.records.of(portion, again=again))] = slot, portion
        else:
            self.ray.kill(slot)

    def _portion(self) -> list[Job]:
        """Take the next portion: smaller ones towards the end, and alone what was in a slot that was lost."""
        count = min(PORTION, len(self.waiting) // (2 * len(self.busy) + 2))
        portion = [self.waiting.popleft()]
        size = portion[0].found.size
        while len(portion) < count and not self.attempts[portion[0]] and not self.attempts[self.waiting[0]]:
            size += self.waiting[0].found.size
            if size > PORTION_BYTES:
                break
            portion.append(self.waiting.popleft())
        return portion

    def _lose(self, portion: Sequence[Job], error: Exception) -> None:
        """Let other slots restore the portion of a slot that was lost, or give up.

        Raises:
            EngineError: no slot could start.
        """
        if not portion:
            self.refused += 1
            words = f"a process of the cluster did not start: {first_line(error)}"
            if not self.busy and (isinstance(error, RednetError) or self.refused >= ATTEMPTS):
                raise EngineError(words) from error
            logger.warning("%s", words)
            return
        logger.warning("a process of the cluster was lost with its %d pictures: %s", len(portion), first_line(error))
        for job in reversed(portion):
            self.attempts[job] += 1
            if self.attempts[job] < ATTEMPTS:
                self.waiting.appendleft(job)
                continue
            report = Report(job.place, self.records.out.place(job.name))
            report.fail(ImageError(f"{ATTEMPTS} processes were lost with it, the last one with: {first_line(error)}"))
            self._report(job, report)

    def _report(self, job: Job, report: Report) -> None:
        self.reports[job.name, job.place] = report
        self.on_report(report)


def first_line(error: Exception) -> str:
    """Return what an error says, in one line."""
    words = str(error).strip().partition("\n")[0]
    return words if isinstance(error, RednetError) else f"{type(error).__name__}: {words}"
