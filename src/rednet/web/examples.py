"""The page's examples: photographs that come with rednet, damaged when the page starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rednet.classical.kernels import disk
from rednet.degradations import Blur, GaussianNoise, Identity, MissingPixels
from rednet.images import Picture, read_picture, write_picture

__all__ = ["Example", "make_examples"]

LOW_QUALITY = 12  # of the JPEG example
PHOTOS = Path(__file__).parent.parent / "evaluation" / "photos"


class Example(NamedTuple):
    """A damaged photograph.

    Args:
        title: what is wrong with it.
        path: of the file.
        task: that repairs it.
        options: of the task.
        mask: (H, W), True where pixels are missing; None if none are.
    """

    title: str
    path: Path
    task: str
    options: dict[str, Any]
    mask: NDArray[np.bool_] | None = None


KINDS: tuple[tuple[str, str, Callable[..., Any], str, dict[str, Any]], ...] = (
    ("Noise", "chelsea", GaussianNoise(25, clip=True), "auto", {}),
    ("JPEG", "coffee", Identity(), "auto", {}),
    ("Small", "astronaut", Identity(), "upscale", {"scale": 3}),
    ("Blur", "rocket", Blur(disk(2), 1), "deblur", {"radius": 2.0}),
    ("Scratched", "astronaut", MissingPixels("scratches", 0.06), "inpaint", {}),
)


def make_examples(folder: Path) -> list[Example]:
    """Damages the photographs and writes them into a folder."""
    examples = []
    for title, photo, degradation, task, options in KINDS:
        x = read_picture(PHOTOS / f"{photo}.png").pixels
        degraded = degradation(x, np.random.default_rng(1))
        path = folder / f"{title.lower()}{'.jpg' if title == 'JPEG' else '.png'}"
        y = degraded.y if degraded.mask is None else np.where(degraded.mask[:, :, None], np.float32(1), x)
        write_picture(path, Picture(y, None, "uint8"), quality=LOW_QUALITY)
        examples.append(Example(title, path, task, options, degraded.mask))
    return examples
