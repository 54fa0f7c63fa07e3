"""Attacks with model folders: each one makes a folder and starts a server with it.

To add an attack, add a row to FOLDERS.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from rednet.zoo.shipped import find_model

PATIENCE_S = 60.0


def pipe(folder: Path) -> None:
    """Start with a model whose config.json is a pipe."""
    os.mkfifo(folder / "config.json")


def device(folder: Path) -> None:
    """Start with a model whose config.json is /dev/zero."""
    (folder / "config.json").symlink_to("/dev/zero")


def deep(folder: Path) -> None:
    """Start with a model whose config.json is nested 30,000 deep."""
    (folder / "config.json").write_text("[" * 30_000)


def huge(folder: Path) -> None:
    """Start with a model of 10^9 layers."""
    (folder / "config.json").write_text('{"depth": 1000000000}')


def wrong_bias(folder: Path) -> None:
    """Start with a model with a bias of the shape (1, 64)."""
    spoil(folder, lambda bias: bias[None])


def not_finite(folder: Path) -> None:
    """Start with a model with a bias of NaN."""
    spoil(folder, lambda bias: bias * np.float32("nan"))


def spoil(folder: Path, change: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> None:
    """Write a shipped model with one bias changed."""
    shipped = find_model("fast")
    shutil.copy(shipped / "config.json", folder)
    tensors = load_file(shipped / "model.safetensors")
    tensors["encoder.1.bias"] = change(tensors["encoder.1.bias"])
    save_file(tensors, folder / "model.safetensors")


FOLDERS: tuple[tuple[int, Callable[[Path], None]], ...] = (
    (2, pipe),
    (2, device),
    (11, deep),
    (11, huge),
    (11, wrong_bias),
    (11, not_finite),
)
LIMIT = ["prlimit", "--as=4000000000"]  # bytes; what takes more must not take the machine with it


def MODELS() -> Iterator[dict[str, object]]:
    """Start a server with each folder; it must end with one line that says why."""
    for point, make in FOLDERS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "model"
            folder.mkdir()
            make(folder)
            command = [
                *LIMIT,
                sys.executable,
                "-m",
                "rednet",
                "serve",
                "--no-page",
                "--port",
                "0",
                "--model",
                str(folder),
            ]
            began, usage = time.monotonic(), 0.0
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            while process.poll() is None and time.monotonic() - began < PATIENCE_S:
                usage = max(usage, resident_mb(process.pid))
                time.sleep(0.05)
            late = process.poll() is None
            process.kill()
            lines = process.communicate()[1].strip().splitlines()
            held = not late and process.returncode == 1 and len(lines) == 1
            answer = "no end" if late else f"exit code {process.returncode}: {(lines or [''])[-1]}"
        yield {
            "point": point, "attack": (make.__doc__ or "").strip(), "answer": answer.replace(name, "")[:120],
            "held": "yes" if held else "NO", "seconds": f"{time.monotonic() - began:.1f}", "peak_mb": f"{usage:.0f}",
            "healthz": "ended",
        }  # fmt: skip


def resident_mb(pid: int) -> float:
    """Return a process's resident memory, MB of 10^6 bytes; 0 if it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except OSError:
        return 0.0
