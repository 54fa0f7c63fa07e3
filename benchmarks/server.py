"""Starts a server for measurements, and saves the figures."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def running_server(*options: str) -> Iterator[str]:
    """Start `rednet serve` with options at a free port, yield its address when it is ready, and end it."""
    command = [sys.executable, "-m", "rednet", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().split()[0]
        finally:
            server.terminate()


def keep(figures: Mapping[str, Any], out: Path | None) -> None:
    """Print figures, and write them to a file if one is given."""
    text = json.dumps(figures, indent=2)
    print(text)
    if out is not None:
        out.write_text(text + "\n", "utf-8")
