"""The name of the processor that figures were measured on."""

from __future__ import annotations

import platform
from pathlib import Path


def processor() -> str:
    """Names the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
