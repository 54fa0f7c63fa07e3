"""Pictures to try: photographs that come with rednet, damaged when somebody asks for them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from starlette.exceptions import HTTPException

from rednet.classical.kernels import disk
from rednet.degradations import Blur, GaussianNoise
from rednet.images import Picture, read_picture, write_picture

__all__ = ["Examples"]

Pixels = NDArray[np.float32]

LOW_QUALITY = 12  # of the JPEG example
WEB = Path(__file__).parents[1]
INSTALLED, CHECKOUT = WEB / "photos", WEB.parents[2] / "examples" / "photos"
PHOTOS = INSTALLED if INSTALLED.is_dir() else CHECKOUT
SCRATCHES = 7
FOLDER = "examples"


class Example(NamedTuple):
    """A damaged photograph.

    Args:
        photo: file that is damaged.
        ending: of its file.
        damage: returns the damaged pixels, and where they are missing.
        task, options: that suit it.
    """

    photo: str
    ending: str
    damage: Callable[[Pixels, np.random.Generator], tuple[Pixels, NDArray[np.bool_] | None]]
    task: str
    options: dict[str, Any]


def scratched(x: Pixels, rng: np.random.Generator) -> tuple[Pixels, NDArray[np.bool_]]:
    """Draw thin white scratches from border to border."""
    height, width = x.shape[:2]
    mask = np.zeros((height, width), bool)
    steps = np.arange(height)
    for _ in range(SCRATCHES):
        start, end, bend = rng.uniform(0, width, 3)
        centre = start + (end - start) * steps / height + (bend - start) * np.sin(np.pi * steps / height) / 2
        for column in range(int(rng.integers(2, 5))):
            place = np.rint(centre).astype(int) + column
            inside = (place >= 0) & (place < width)
            mask[steps[inside], place[inside]] = True
    return np.where(mask[:, :, None], np.float32(1), x), mask


EXAMPLES: dict[str, Example] = {
    "noise": Example("chelsea.png", ".png", lambda x, rng: (GaussianNoise(25, clip=True)(x, rng).y, None), "auto", {}),
    "jpeg": Example("coffee.png", ".jpg", lambda x, rng: (x, None), "auto", {}),
    "small": Example("astronaut.png", ".png", lambda x, rng: (x, None), "upscale", {"scale": 3}),
    "blur": Example(
        "rocket.jpg", ".png", lambda x, rng: (Blur(disk(2), 1)(x, rng).y, None), "deblur", {"kernel": "disk:2"}
    ),
    "scratches": Example("astronaut.png", ".png", scratched, "inpaint", {}),
}


class Examples:
    """The examples, made when they are first asked for.

    Args:
        folder: of the server; they get a folder below it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / FOLDER
        self.lock = threading.Lock()

    def described(self) -> list[dict[str, Any]]:
        """Return what the examples are."""
        return [
            {
                "name": f"{name}{one.ending}",
                "task": one.task,
                "options": one.options,
                "mask": f"/v1/examples/{name}-mask.png" if one.damage is scratched else None,
                "picture": f"/v1/examples/{name}{one.ending}",
            }
            for name, one in EXAMPLES.items()
        ]

    def path(self, file: str) -> Path:
        """Return an example or its mask as a file; raise HTTPException if there is none of that name."""
        name = Path(file).stem.removesuffix("-mask")
        one = EXAMPLES.get(name)
        if one is None or file not in (f"{name}{one.ending}", f"{name}-mask.png"):
            raise HTTPException(404, f"there is no example {file!r}")
        path = self.folder / file
        with self.lock:
            if not path.exists():
                self.folder.mkdir(exist_ok=True)
                x = read_picture(PHOTOS / one.photo).pixels
                y, mask = one.damage(x, np.random.default_rng(1))
                write_picture(
                    self.folder / f"{name}{one.ending}", Picture(y, None, "uint8"), quality=LOW_QUALITY, overwrite=True
                )
                if mask is not None:
                    write_picture(
                        self.folder / f"{name}-mask.png",
                        Picture(mask[:, :, None].astype(np.float32), None, "uint8"),
                        overwrite=True,
                    )
        if not path.exists():
            raise HTTPException(404, f"there is no example {file!r}")
        return path
