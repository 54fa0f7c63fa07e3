"""Restores mutated picture files: each must end in a one-line error or in a whole, readable output.

Small files of every format are mutated (bytes flipped, runs overwritten, cut off, doubled, numbers replaced by extreme
ones) and restored with a tiny network. Child processes do this, so that we see a crash of a decoder. Failures are: a
crash, an exception other than RednetError, an error of several lines, a half-written or unreadable output, a remaining
temporary file, a file that takes longer than a minute.

    python benchmarks/fuzz_images.py --count 10000
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pyvips

RESULT = Path(__file__).parent / "results" / "fuzz_images.json"
CHUNK = 250  # files a child process
LIMIT_S = 60  # for one file
MEGAPIXELS = 4.0
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def seeds() -> dict[str, bytes]:
    """Make one small file of each kind."""
    rng = np.random.default_rng(0)
    eight = pyvips.Image.new_from_array(rng.integers(0, 256, (24, 31, 3), np.uint8)).copy(interpretation="srgb")
    gray = eight.extract_band(0).copy(interpretation="b-w")
    clear = eight.bandjoin(gray)
    deep = (eight.cast("ushort") * 257).cast("ushort").copy(interpretation="rgb16")
    real = (eight / 255).cast("float")
    tagged = eight.copy()
    tagged.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Make", "A maker (A maker, ASCII, 8 components, 8 bytes)")
    tagged.set_type(pyvips.GValue.gint_type, "orientation", 6)
    tagged = tagged.icc_transform("p3", input_profile="srgb")
    pages = pyvips.Image.arrayjoin([eight, eight, eight], across=1).copy()
    pages.set_type(pyvips.GValue.gint_type, "page-height", 24)
    cmyk = eight.icc_transform("cmyk", input_profile="srgb")
    return {
        "rgb.jpg": eight.jpegsave_buffer(),
        "progressive.jpg": tagged.jpegsave_buffer(interlace=True),
        "gray.jpg": gray.jpegsave_buffer(),
        "cmyk.jpg": cmyk.jpegsave_buffer(),
        "rgb.png": eight.pngsave_buffer(),
        "interlaced.png": clear.pngsave_buffer(interlace=True),
        "deep.png": deep.pngsave_buffer(),
        "palette.png": eight.pngsave_buffer(palette=True),
        "profile.png": tagged.pngsave_buffer(),
        "rgb.tif": eight.tiffsave_buffer(),
        "deflate.tif": clear.tiffsave_buffer(compression="deflate", predictor="horizontal"),
        "tiled.tif": deep.tiffsave_buffer(tile=True, tile_width=16, tile_height=16, compression="lzw"),
        "jpeg.tif": eight.tiffsave_buffer(compression="jpeg"),
        "float.tif": real.tiffsave_buffer(compression="deflate", predictor="float"),
        "big.tif": gray.tiffsave_buffer(bigtiff=True),
        "pages.tif": pages.tiffsave_buffer(),
        "lossy.webp": eight.webpsave_buffer(),
        "lossless.webp": clear.webpsave_buffer(lossless=True),
        "rgb.avif": eight.heifsave_buffer(compression="av1"),
        "deep.avif": deep.heifsave_buffer(compression="av1", bitdepth=12),
    }


def mutate(content: bytes, chance: random.Random) -> bytes:
    """Damage a file in one to four ways."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(max(len(data), 1))
        near_start = chance.randrange(max(min(len(data), 200), 1))  # headers are where it hurts
        place = chance.choice((place, near_start))
        way = chance.randrange(7)
        if way == 0 and data:
            data[place] ^= 1 << chance.randrange(8)
        elif way == 1:
            data[place : place + chance.randint(1, 16)] = chance.randbytes(chance.randint(1, 16))
        elif way == 2:
            del data[place:]
        elif way == 3:
            del data[place : place + chance.randint(1, 64)]
        elif way == 4:
            data[place:place] = data[place : place + chance.randint(1, 64)]
        elif way == 5:
            data[place:place] = chance.randbytes(chance.randint(1, 16))
        else:
            size, order = chance.choice((1, 2, 4)), chance.choice(("big", "little"))
            value = chance.choice(EXTREMES) & ((1 << 8 * size) - 1)
            data[place : place + size] = value.to_bytes(size, order)
    return bytes(data)


def run_chunk(first: int, count: int, seed: int, model: Path, folder: Path, results: multiprocessing.Queue) -> None:
    """Restore mutated files `first` to `first + count`, and put (number, outcome) for each into a queue."""
    from rednet.errors import RednetError
    from rednet.files.file import FileTask
    from rednet.files.handling import Handling
    from rednet.images import PictureFile
    from rednet.restoring.restorer import Restorer
    from rednet.restoring.tasks import Automatic

    originals = list(seeds().items())
    restorer = Restorer.from_pretrained(model, threads=1)
    for number in range(first, first + count):
        chance = random.Random(seed * 1_000_003 + number)
        name, content = originals[number % len(originals)]
        source = folder / f"in-{number}{Path(name).suffix}"
        target = folder / f"out-{number}{Path(name).suffix}"
        source.write_bytes(mutate(content, chance))
        results.put((number, "started"))
        task = FileTask(source, target, Automatic(), Handling(max_megapixels=MEGAPIXELS, max_memory=1 << 30))
        try:
            task.load()
            task.restore(restorer)
            task.save()
            written = PictureFile(target)
            for page in range(written.pages):
                written.read(page)
            outcome = "restored"
        except RednetError as error:
            outcome = "refused" if "\n" not in str(error) else f"FAILED: several lines: {error}"
            if target.exists():
                outcome = f"FAILED: an output in spite of: {error}"
        except Exception as error:
            outcome = f"FAILED: {type(error).__name__}: {error}"
        task.close()
        if list(folder.glob(".rednet-*")):
            outcome = "FAILED: a temporary file is left"
        source.unlink()
        target.unlink(missing_ok=True)
        results.put((number, outcome))


def run_child(first: int, count: int, seed: int, model: Path) -> dict[int, str]:
    """Run a chunk in a child process; if it dies or hangs at a file, record this outcome and continue with the rest."""
    outcomes: dict[int, str] = {}
    context = multiprocessing.get_context("spawn")
    while first + count > (start := first + len(outcomes)):
        with tempfile.TemporaryDirectory() as name:
            results: multiprocessing.Queue = context.Queue()
            rest = first + count - start
            child = context.Process(target=run_chunk, args=(start, rest, seed, model, Path(name), results))
            child.start()
            current, since = start, time.monotonic()
            while len(outcomes) < start - first + rest:
                if not results.empty() or child.is_alive():
                    try:
                        number, outcome = results.get(timeout=1)
                    except Exception:
                        if time.monotonic() - since > LIMIT_S:
                            child.kill()
                            outcomes[current] = "FAILED: too slow"
                            break
                        continue
                    current, since = number, time.monotonic()
                    if outcome != "started":
                        outcomes[number] = outcome
                else:
                    outcomes[current] = f"FAILED: the process died ({child.exitcode})"
                    break
            child.join()
    return outcomes


def main() -> None:
    """Run the mutations and write the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    from large_pictures import make_tiny_model

    names = list(seeds())
    counts: dict[str, Counter[str]] = {name: Counter() for name in names}
    failures = []
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        model = Path(name) / "tiny"
        make_tiny_model(model)
        for first in range(0, options.count, CHUNK):
            for number, outcome in run_child(first, min(CHUNK, options.count - first), options.seed, model).items():
                counts[names[number % len(names)]][outcome.split(":")[0]] += 1
                if outcome.startswith("FAILED"):
                    failures.append({"number": number, "file": names[number % len(names)], "outcome": outcome})
                    print(failures[-1], file=sys.stderr, flush=True)
            print(f"{first + CHUNK} of {options.count}", file=sys.stderr, flush=True)
    total = sum(counts.values(), Counter())
    result = {
        "count": options.count, "seed": options.seed, "libvips": ".".join(str(pyvips.version(i)) for i in range(3)),
        "python": platform.python_version(), "seconds": round(time.perf_counter() - start),
        "total": dict(total), "by_file": {name: dict(count) for name, count in counts.items()}, "failures": failures,
    }  # fmt: skip
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(dict(total)))


if __name__ == "__main__":
    main()
