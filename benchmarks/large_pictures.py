"""Measures seconds and peak memory on large pictures; each program runs in its own process.

    python benchmarks/large_pictures.py jpeg        12-megapixel JPEG to JPEG, and OpenCV's non-local means
    python benchmarks/large_pictures.py memory      30 megapixels, shipped network, --max-memory 1G
    python benchmarks/large_pictures.py huge        500-megapixel TIFF, a tiny network, --max-memory 1G

`jpeg` needs `pip install opencv-python-headless`. Each run adds its lines to results/large_pictures.csv.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyvips
from processor import processor

PHOTO = Path(__file__).parent.parent / "examples" / "photos" / "coffee.png"
RESULTS = Path(__file__).parent / "results" / "large_pictures.csv"
FIELDS = ("date", "processor", "threads", "what", "megapixels", "model", "max_memory", "seconds", "peak_mb")
SIGMA = 10  # of the noise that is added
TINY = {"depth": 4, "width": 8, "channels": 3, "stride": 2}

NON_LOCAL_MEANS = """
import cv2, sys
picture = cv2.imread(sys.argv[1])
cv2.imwrite(sys.argv[2], cv2.fastNlMeansDenoisingColored(picture, None, 10, 10, 7, 21), [cv2.IMWRITE_JPEG_QUALITY, 95])
"""


def make_picture(path: Path, width: int, height: int) -> None:
    """Write a noisy photograph of a given size, an enlarged and repeated example, without holding it in memory."""
    photo = pyvips.Image.new_from_file(os.fspath(PHOTO))
    photo = photo.resize(3000 / photo.height, kernel="cubic").copy_memory()
    across, down = -(-width // photo.width), -(-height // photo.height)
    large = photo.replicate(across, down).crop(0, 0, width, height)
    noise = pyvips.Image.gaussnoise(2048, 2048, sigma=SIGMA, seed=1).copy_memory()
    noise = noise.replicate(-(-width // 2048), -(-height // 2048)).crop(0, 0, width, height)
    noisy = (large + noise).cast("uchar").copy(interpretation="srgb")
    if path.suffix == ".jpg":
        noisy.jpegsave(os.fspath(path), Q=90)
    else:
        noisy.tiffsave(os.fspath(path), bigtiff=True, tile=True, compression="lzw", predictor="horizontal")


def make_tiny_model(folder: Path) -> None:
    """Write a tiny network, to measure the time and memory of everything else."""
    import torch

    from rednet.network.architecture import REDNetConfig
    from rednet.network.model import REDNet
    from rednet.zoo.model_folder import save_network

    torch.manual_seed(0)
    save_network(REDNet(REDNetConfig(**TINY)), folder)


def measure(command: list[str]) -> tuple[float, float]:
    """Run a command; return seconds and peak resident memory, MB of 10^6 bytes.

    The peak is looked up while the command runs (`VmHWM`): what the system says at its end counts this process, too.
    """
    start, peak = time.perf_counter(), 0
    process = subprocess.Popen(command, stdout=sys.stderr)
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        lines = status.read_text("ascii", errors="replace").splitlines()
        peak = max(peak, *(int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"{command} failed")
    return time.perf_counter() - start, peak * 1024 / 1e6


def note(what: str, megapixels: float, model: str, max_memory: str, seconds: float, peak: float) -> None:
    """Print a line and add it to the results."""
    values = (
        datetime.date.today().isoformat(), processor(), len(os.sched_getaffinity(0)), what, f"{megapixels:.1f}",
        model, max_memory, f"{seconds:.1f}", f"{peak:.0f}",
    )  # fmt: skip
    print(dict(zip(FIELDS, values, strict=True)), flush=True)
    new = not RESULTS.exists()
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(FIELDS)
        writer.writerow(values)


def main() -> None:
    """Measure one of the cases."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("case", choices=("jpeg", "memory", "huge"))
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="for the pictures")
    options = parser.parse_args()
    rednet = [sys.executable, "-m", "rednet", "denoise"]
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        if options.case == "jpeg":
            source = folder / "in.jpg"
            make_picture(source, 4000, 3000)
            seconds, peak = measure([*rednet, str(source), "-o", str(folder / "ours.jpg")])
            note("rednet denoise, JPEG to JPEG", 12, "universal", "", seconds, peak)
            if importlib.util.find_spec("cv2"):
                command = [sys.executable, "-c", NON_LOCAL_MEANS, str(source), str(folder / "nlm.jpg")]
                seconds, peak = measure(command)
                note("OpenCV fastNlMeansDenoisingColored, JPEG to JPEG", 12, "", "", seconds, peak)
        else:
            width, height = (25_000, 20_000) if options.case == "huge" else (6_000, 5_000)
            source = folder / "in.tif"
            make_picture(source, width, height)
            model = "universal"
            if options.case == "huge":
                model = str(folder / "tiny")
                make_tiny_model(folder / "tiny")
            command = [*rednet, str(source), "-o", str(folder / "out.tif"), "--model", model, "--max-memory", "1G"]
            seconds, peak = measure(command)
            shown = "depth 4, width 8, stride 2" if options.case == "huge" else model
            note("rednet denoise, TIFF to TIFF", width * height / 1e6, shown, "1G", seconds, peak)
            assert np.isfinite(pyvips.Image.new_from_file(str(folder / "out.tif")).avg())


if __name__ == "__main__":
    main()
