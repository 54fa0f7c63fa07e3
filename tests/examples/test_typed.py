"""The example for type checkers also runs."""

import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

EXAMPLE = Path(__file__).parents[2] / "examples" / "typed.py"


def test_the_typed_example_runs(tmp_path, photo, rng):
    noisy = np.clip(photo * 255 + rng.normal(0, 25, photo.shape), 0, 255).astype(np.uint8)
    Image.fromarray(noisy).save(tmp_path / "noisy.png")
    files = [str(tmp_path / "noisy.png"), str(tmp_path / "restored.png")]
    ended = subprocess.run([sys.executable, str(EXAMPLE), *files], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "True (96, 80, 3) (2, 96, 80, 3) (3, 96, 80) (192, 160, 3)\n"
    assert np.abs(np.asarray(Image.open(files[1])).astype(int) - noisy).mean() > 5
