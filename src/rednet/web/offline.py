"""Keeps Gradio to itself: nothing is fetched, nothing is told to anybody, and all its files lie in our folder."""

from __future__ import annotations

import os
from inspect import iscoroutinefunction
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


FETCH = "async_ssrf_protected_get"


def stay_offline(folder: Path) -> None:
    """Sets Gradio up, before its first page is made.

    Args:
        folder: where what is uploaded lies until it is removed.

    Raises:
        OptionError: this version of Gradio fetches in a way that we do not know.
    """
    os.environ.update(SETTINGS)
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "gradio")
    from gradio import processing_utils

    # A browser may name an address where Gradio expects a file, and Gradio gets it. No setting of Gradio 6 forbids
    # that, so the one function that does it is replaced; its two routes that fetch are not among those of `gate`.
    if not iscoroutinefunction(getattr(processing_utils, FETCH, None)):
        raise OptionError(
            "this version of Gradio fetches what a browser names in a way that we do not know, so the page stays off; "
            "take the version that constraints.txt names, or serve without the page",
            option="no_page",
        )
    setattr(processing_utils, FETCH, refuse)


async def refuse(*arguments: Any, **options: Any) -> Any:
    """Fetches nothing."""
    from gradio import Error

    raise Error("this server fetches nothing from elsewhere; send the picture itself", print_exception=False)
