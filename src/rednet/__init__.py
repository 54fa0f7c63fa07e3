"""Restores degraded pictures with RED-Net: noise, low resolution, JPEG artefacts, blur, missing pixels.

    import rednet
    better = rednet.restore(array)              # inspects the picture and chooses the task
    better = rednet.denoise(array, sigma=25)    # sigma may be left out
    bigger = rednet.upscale(array, scale=2)
    better = rednet.run(array, task)            # any task of `rednet.restoring.tasks`

Each function accepts an array, a PIL image or a path; see `rednet.restoring.verbs`. Every module is loaded on first
use, so `import rednet` is fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from rednet.errors import EngineError, ImageError, ModelError, OptionError, RednetError, TrainingError
    from rednet.restoring.finding import Finding
    from rednet.restoring.restorer import Restorer
    from rednet.restoring.verbs import deblur, dejpeg, denoise, inpaint, inspect, restore, run, upscale

__all__ = [
    "EngineError",
    "Finding",
    "ImageError",
    "ModelError",
    "OptionError",
    "RednetError",
    "Restorer",
    "TrainingError",
    "deblur",
    "dejpeg",
    "denoise",
    "inpaint",
    "inspect",
    "restore",
    "run",
    "upscale",
]

HOMES = {
    "rednet.errors": ("EngineError", "ImageError", "ModelError", "OptionError", "RednetError", "TrainingError"),
    "rednet.restoring.finding": ("Finding",),
    "rednet.restoring.restorer": ("Restorer",),
    "rednet.restoring.verbs": ("deblur", "dejpeg", "denoise", "inpaint", "inspect", "restore", "run", "upscale"),
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    for module, names in HOMES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module 'rednet' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
