"""Many processes that train one network together, as torchrun starts them; see docs/scaling.md.

Every process has the same weights, optimisers and averages, and makes the same steps; only the crops differ. What the
processes must agree on is summed over them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from rednet.errors import TrainingError
from rednet.machine import cpu_threads

__all__ = ["Team", "check_meeting_place", "join_team", "restarted", "started_by_torchrun"]

TIMEOUT_S = 60.0  # how long a process waits for the others before it ends; torch's own limit is 10 or 30 minutes
RESTARTS = "TORCHELASTIC_RESTART_COUNT"
BACKENDS = {"cpu": "gloo", "cuda": "nccl"}


@dataclass(frozen=True)
class Team:
    """The processes that train together; by default this process alone.

    Args:
        rank: number of this process, from 0.
        count: number of processes.
        neighbours: number of processes on this machine.
        place: torch's device through which values are exchanged.
    """

    rank: int = 0
    count: int = 1
    neighbours: int = 1
    place: str = "cpu"

    @property
    def leads(self) -> bool:
        """Whether this process writes the files of the run."""
        return self.rank == 0

    def sum(self, values: Tensor) -> Tensor:
        """Sum a tensor over all processes, in place, and return it."""
        if self.count > 1:
            dist.all_reduce(values)
        return values

    def sum_numbers(self, *numbers: float) -> list[float]:
        """Sum numbers over all processes."""
        return self.sum(torch.tensor(numbers, dtype=torch.float64, device=self.place)).tolist()

    def agree(self, seconds: float, stopping: bool) -> tuple[float, bool]:
        """Return the clock of the first process, and whether any process wants to stop."""
        clock, stops = self.sum_numbers(seconds if self.leads else 0.0, stopping)
        return clock, stops > 0

    def check_same(self, step: int) -> None:
        """Raise TrainingError unless all processes are at the same step."""
        if self.sum_numbers(step, step**2) != [self.count * step, self.count * step**2]:
            raise TrainingError(
                f"process {self.rank} has the state of step {step}, and another process has another state; the folder "
                "of the run must be on a disk that all machines share"
            )


def started_by_torchrun() -> bool:
    """Return whether torchrun has started this process."""
    return dist.is_available() and dist.is_torchelastic_launched()


def restarted() -> bool:
    """Return whether torchrun has started this process again because a process of the run had failed."""
    return int(os.environ.get(RESTARTS, "0")) > 0


def check_meeting_place() -> None:
    """Raise TrainingError if restarted processes on several machines would not find each other.

    torchrun keeps the addresses of the processes in a store. By default it uses the same store after a restart, which
    then has addresses of processes that have ended. On one machine we tell the attempts apart by their number. But the
    machines do not count alike, so there torchrun must make a new store for each attempt.
    """
    several = int(os.environ.get("GROUP_WORLD_SIZE", "1")) > 1
    restarts = int(os.environ.get("TORCHELASTIC_MAX_RESTARTS", "0")) > 0
    if several and restarts and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True":
        raise TrainingError(
            "to start failed processes again on several machines, torchrun needs a new store for each attempt; set "
            "TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 in the environment of every torchrun"
        )


@contextmanager
def join_team(device: str) -> Iterator[Team]:
    """Join the processes that torchrun has started; without torchrun, yield a team of one.

    Args:
        device: torch's device, "cpu" or "cuda"; each process on a machine takes a graphics processor of its own.

    Raises:
        TrainingError: the device cannot be shared; the machine has fewer graphics processors than processes; or see
            `check_meeting_place`.
    """
    if not started_by_torchrun() or int(os.environ["WORLD_SIZE"]) == 1:
        yield Team()
        return
    check_meeting_place()
    local, neighbours = int(os.environ["LOCAL_RANK"]), int(os.environ["LOCAL_WORLD_SIZE"])
    if device not in BACKENDS:
        raise TrainingError(f"many processes can train on the processor or with CUDA, not on {device}; start one")
    if device == "cuda":
        if neighbours > torch.cuda.device_count():
            raise TrainingError(
                f"{neighbours} processes were started here for {torch.cuda.device_count()} graphics processors; start "
                "one for each"
            )
        torch.cuda.set_device(local)
    elif os.environ.get("OMP_NUM_THREADS") == "1":  # torchrun's own default
        torch.set_num_threads(max(1, cpu_threads() // neighbours))
    limit = timedelta(seconds=TIMEOUT_S)
    store, rank, count = next(rendezvous("env://", timeout=limit))
    attempt = PrefixStore(f"attempt {os.environ.get(RESTARTS, '0')}", store)
    dist.init_process_group(BACKENDS[device], store=attempt, rank=rank, world_size=count, timeout=limit)
    yield Team(dist.get_rank(), dist.get_world_size(), neighbours, device)
    dist.destroy_process_group()  # not after an error: it might wait for processes that have ended
