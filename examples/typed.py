"""Uses rednet from numpy, torch and Pillow. mypy --strict and pyright accept it, and know what each call returns.

python examples/typed.py noisy.png restored.png
"""

import sys
from pathlib import Path
from typing import Any, assert_type

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

import rednet
from rednet import Finding, RednetError, Restorer


def main(source: Path, target: Path) -> None:
    """Restore a picture in several ways; write the first result."""
    picture = Image.open(source).convert("RGB")
    restored = assert_type(rednet.restore(picture), Image.Image)
    restored.save(target)

    assert_type(rednet.dejpeg(source, quality=30), NDArray[Any])
    found = assert_type(rednet.inspect(source), Finding)
    levels: NDArray[np.uint8] = np.asarray(picture)
    quiet = assert_type(rednet.denoise(levels, sigma=25.0, strength=0.9), NDArray[np.uint8])
    better, explained = rednet.restore((levels / 255).astype(np.float32), explain=True)
    assert_type(better, NDArray[np.float32])

    restorer = Restorer.from_pretrained("fast")
    two: NDArray[np.uint8] = np.stack([levels, quiet])
    stack = assert_type(restorer.restore(two, facts={"sigma": None}), NDArray[np.uint8])
    planes = assert_type(restorer.restore(torch.tensor(levels).permute(2, 0, 1), facts={"quality": 30}), torch.Tensor)
    larger = assert_type(restorer.upscale(levels, 2), NDArray[np.uint8])
    print(found.words == explained.words, quiet.shape, stack.shape, tuple(planes.shape), larger.shape)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except RednetError as error:
        sys.exit(str(error))
