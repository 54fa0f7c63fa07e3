"""A server to measure, and how what was measured is kept."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def running_server() -> Iterator[str]:
    """Starts `rednet serve` without its page, gives its address, and ends it."""
    command = [sys.executable, "-m", "rednet", "serve", "--no-page", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().split()[0]
        finally:
            server.terminate()


def keep(figures: Mapping[str, Any], out: Path | None) -> None:
    """Prints figures, and writes them into a file if there is one."""
    text = json.dumps(figures, indent=2)
    print(text)
    if out is not None:
        out.write_text(text + "\n", "utf-8")
