"""Uses rednet from numpy, torch and Pillow. mypy --strict and pyright accept it.

python examples/typed.py noisy.png restored.png
"""

import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

import rednet
from rednet import RednetError, Restorer


def main(source: Path, target: Path) -> None:
    """Restore a picture in several ways; write the first result."""
    picture: Image.Image = Image.open(source)
    restored: Image.Image = rednet.restore(picture)
    restored.save(target)

    levels: NDArray[np.uint8] = np.asarray(picture.convert("RGB"))
    quiet: NDArray[np.uint8] = rednet.denoise(levels, sigma=25.0, strength=0.9)

    restorer = Restorer.from_pretrained("fast")
    stack: NDArray[np.uint8] = restorer.restore(np.stack([levels, quiet]), facts={"sigma": None})
    planes: torch.Tensor = restorer.restore(torch.tensor(levels).permute(2, 0, 1), facts={"quality": 30.0})
    larger: NDArray[np.uint8] = restorer.upscale(levels, 2)
    print(quiet.shape, stack.shape, tuple(planes.shape), larger.shape)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except RednetError as error:
        sys.exit(str(error))
