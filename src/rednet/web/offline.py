"""Keeps Gradio to itself: nothing is fetched, nothing is told to anybody, and all its files lie in our folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from rednet.errors import OptionError

__all__ = ["stay_offline"]

SETTINGS = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_SHARE": "False",
    "GRADIO_RUN_HISTORY": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
}


def stay_offline(folder: Path) -> None:
    """Sets Gradio up, before its first page is made.

    A browser can ask Gradio to fetch the file of an address; the one function of it that does so is replaced.

    Args:
        folder: where what is uploaded lies until it is removed.
    """
    os.environ.update(SETTINGS)
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "gradio")
    from gradio import processing_utils

    processing_utils.async_ssrf_protected_get = refuse


async def refuse(*arguments: Any, **options: Any) -> Any:
    """Fetches nothing."""
    raise OptionError("this server fetches nothing from elsewhere; send the picture itself")
