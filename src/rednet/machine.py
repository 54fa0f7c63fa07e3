"""Finds out what this machine and its container offer: processors, a graphics processor, memory."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from rednet.errors import EngineError, OptionError

__all__ = ["Device", "available_memory", "check_device", "cpu_threads", "return_memory_at_once", "torch_device"]

Device = Literal["cpu", "gpu"]

M_MMAP_THRESHOLD = -3  # of glibc's malloc.h
CGROUP = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")
LIKELY_FREE_FRACTION = 0.5  # of all memory, where the system does not report free memory (macOS)
LIKELY_FREE_BYTES = 2 << 30  # where the system reports no memory at all (Windows)


def cpu_threads(root: Path = CGROUP, groups: Path = OWN_GROUPS) -> int:
    """Return the number of processors that this process may use, by its affinity and its container's quota.

    Args:
        root: folder where control groups (version 2, or `cpu` of version 1) are mounted.
        groups: file that lists the control groups of this process.
    """
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for folder in _control_groups(root, groups, "cpu"):
        for names in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
            try:
                quota, period = " ".join((folder / name).read_text("ascii") for name in names).split()
                if quota not in ("max", "-1"):
                    count = min(count, max(1, round(int(quota) / int(period))))
            except (OSError, ValueError):  # no such file, or other content
                continue
    return count


def check_device(device: str) -> None:
    """Raise OptionError unless the device is "cpu" or "gpu"."""
    if not isinstance(device, str) or device not in ("cpu", "gpu"):
        raise OptionError(f"device is {device!r}; it must be cpu or gpu")


def torch_device(device: Device) -> str:
    """Return torch's name for the processor or the graphics processor (CUDA, ROCm or Metal).

    Raises:
        EngineError: torch finds no graphics processor. OptionError: `device` is neither "cpu" nor "gpu".
    """
    import torch

    check_device(device)
    if device == "cpu":
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    raise EngineError("torch finds no graphics processor here; use the device cpu")


def available_memory(root: Path = CGROUP, groups: Path = OWN_GROUPS) -> int:
    """Return the free memory of this machine or of its container, whichever is less, bytes.

    Where the system does not report free memory, the result is an estimate.

    Args:
        root: folder where control groups (version 2, or `memory` of version 1) are mounted.
        groups: file that lists the control groups of this process.
    """
    free = [free_memory()]
    try:
        text = Path("/proc/meminfo").read_text("ascii")
        free = [int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("MemAvailable")] or free
    except OSError:
        pass
    for folder in _control_groups(root, groups, "memory"):
        for limit, used in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
            try:
                free.append(int((folder / limit).read_text("ascii")) - int((folder / used).read_text("ascii")))
            except (OSError, ValueError):  # no such file, or "max"
                continue
    return max(min(free), 0)


def free_memory() -> int:
    """Return the free memory that the system reports, bytes; an estimate where it does not report it."""
    for pages, fraction in (("SC_AVPHYS_PAGES", 1.0), ("SC_PHYS_PAGES", LIKELY_FREE_FRACTION)):
        try:
            return int(os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE") * fraction)
        except (AttributeError, ValueError, OSError):  # no such function, name, or number
            continue
    return LIKELY_FREE_BYTES


def _control_groups(root: Path, groups: Path, controller: str) -> Iterator[Path]:
    """Yield the folders of this process's control groups and of their parents; each of them may set a limit."""
    yield from (root, root / controller)
    try:
        lines = groups.read_text("utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if not controllers or controller in controllers.split(","):
            mount, inner = root / (controller if controllers else ""), Path(name.lstrip("/"))
            yield from (mount / part for part in (inner, *inner.parents))


def return_memory_at_once() -> None:
    """Make the C library return freed blocks of 1 MB and more to the system at once.

    By default glibc keeps ever larger blocks, which layers of another size cannot use. The setting holds for the whole
    process, so programs call this, not libraries. Without glibc this has no effect.
    """
    try:
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 1 << 20)
    except (OSError, AttributeError, TypeError):
        return
