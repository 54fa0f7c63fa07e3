"""Broken model folders by the thousand: `python -m tests.zoo.fuzz_models FIRST COUNT` makes and loads them.

Each is a good one that was harmed in one to three ways. A load must end in one line of ModelError, the same for every
engine, or in a network that works: its result is finite and the same in every engine, or one line of ModelError again.
Anything else ends this process; each number is printed before its folder is loaded, so that a crash tells it.
"""

import json
import random
import struct
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from rednet.engines.loading import ENGINES, load_engine
from rednet.errors import ModelError
from rednet.network.architecture import REDNetConfig
from rednet.restoring.restorer import Restorer
from rednet.zoo.checking import CONFIG, WEIGHTS, load_config, load_tensors

LARGE, TOLERANCE = 5.0, 1e-3
ODD_VALUES = (None, True, False, 0, -1, 1, 2, 4, 6, 7, 1e9, 4.0, 10**9, 2**63, 10**40, "", "4", "false", "sigma", [],
              {}, [[]], [1, 2], ["sigma"], ["sigma", "sigma"], [None], {"depth": 4}, float("nan"),
              float("inf"), 1e-320)  # fmt: skip
ODD_NUMBERS = (np.nan, np.inf, -np.inf, 1e38, -1e38, 3.4e38, 1e20, 1e-45, 0.0, -0.0, 1e5)
ODD_SHAPES = ([], [0], [1], [-1], [2**63], [2**32, 2**32], [1, 1, 1, 1, 1, 1], None, "3", [3.0], [None], [[3]])
ODD_DTYPES = ("F32", "F16", "BF16", "F64", "I32", "U8", "BOOL", "F8_E4M3", "C64", "", "float", None, 3)
ODD_TEXTS = (b"", b"{", b"[" * 3000, b'{"a":' * 3000, b"null", b"[]", b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00",
             b"{}{}", b'{"depth": 4, "depth": 6}', b'{"depth": 1e400}', b"9" * 5000,
             b'{"depth":' + b"9" * 5000 + b"}")  # fmt: skip


def fields_of(rng: random.Random) -> dict:
    """Draw the shape of a small network."""
    return {
        "depth": rng.choice((4, 6, 8)),
        "width": rng.choice((1, 2, 3, 5, 8)),
        "channels": rng.choice((1, 3)),
        "stride": rng.choice((1, 2, 3, 4)),
        "skips": rng.random() < 0.5,
        "mask": rng.random() < 0.5,
        "hints": rng.choice(([], ["sigma"], ["sigma", "quality", "scale", "deconvolved"])),
    }


def harmed_config(rng: random.Random, fields: dict) -> bytes:
    """Harms config.json."""
    fields, kind = dict(fields), rng.randrange(6)
    if kind == 0:
        fields[rng.choice(list(fields))] = rng.choice(ODD_VALUES)
    elif kind == 1:
        del fields[rng.choice(list(fields))]
    elif kind == 2:
        fields[rng.choice(("colour", "", "levels\n", "__class__", "self", "depth "))] = rng.choice(ODD_VALUES)
    elif kind == 3:
        fields = fields_of(rng)
    elif kind == 4:
        return rng.choice(ODD_TEXTS)
    content = json.dumps(fields).encode()
    return scratched(rng, content) if kind == 5 else content


def harmed_tensors(rng: random.Random, tensors: dict) -> None:
    """Harms a tensor: its values, its shape, its type or its name."""
    name = rng.choice(list(tensors))
    value, kind = tensors[name], rng.randrange(6)
    if kind == 0 and value.size:
        value.flat[rng.randrange(value.size)] = rng.choice(ODD_NUMBERS)
    elif kind == 1:
        tensors[name] = np.full_like(value, rng.choice(ODD_NUMBERS))
    elif kind == 2:
        tensors[name] = rng.choice(
            (value[None], value.ravel(), value[..., None], value[:0], value.T, value[:1], value * 1.5)
        )
    elif kind == 3:
        with np.errstate(invalid="ignore", over="ignore"):
            tensors[name] = value.astype(rng.choice((np.float16, np.float64, np.int8, np.uint32, bool)))
    elif kind == 4:
        del tensors[name]
    else:
        tensors[rng.choice((name, name + "x", "", "encoder.99.weight", "a\nb"))] = tensors.pop(name)


def packed(rng: random.Random, tensors: dict, harms: int) -> bytes:
    """Write a safetensors file; `harms` times, the header says something else."""
    kinds = {"float32": "F32", "float16": "F16", "float64": "F64", "int8": "I8", "uint32": "U32", "bool": "BOOL"}
    header, body = {}, b""
    for name, value in tensors.items():
        data = np.ascontiguousarray(value).tobytes()
        place = [len(body), len(body) + len(data)]
        header[name] = {"dtype": kinds[value.dtype.name], "shape": list(value.shape), "data_offsets": place}
        body += data
    for _ in range(harms if header else 0):
        entry, kind = header[rng.choice(list(tensors))], rng.randrange(5)
        if kind == 0:
            entry["dtype"] = rng.choice(ODD_DTYPES)
        elif kind == 1:
            entry["shape"] = rng.choice((*ODD_SHAPES, [1, *entry["shape"]] if isinstance(entry["shape"], list) else []))
        elif kind == 2:
            entry["data_offsets"] = rng.choice(
                ([0, 0], [0, 4], [4, 0], [-4, 4], [0, 2**63], [2**64 - 1, 3], [], "", None)
            )
        elif kind == 3:
            header["__metadata__"] = rng.choice(({}, {"format": "pt"}, {"a": 3}, [], "x"))
        else:
            entry.pop(rng.choice(list(entry)), None)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def scratched(rng: random.Random, content: bytes) -> bytes:
    """Harms bytes: flips, cuts, or adds some."""
    kind, place = rng.randrange(4), rng.randrange(len(content) + 1)
    if kind == 0 and content:
        flipped = bytearray(content)
        for _ in range(rng.choice((1, 1, 5))):
            flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
        return bytes(flipped)
    if kind == 1:
        return content[:place]
    if kind == 2:
        return content[:place] + rng.randbytes(rng.choice((1, 8, 64))) + content[place:]
    return rng.choice((0, 2, len(content), 2**32, 2**63)).to_bytes(8, "little") + content[8:]


def make(number: int, folder: Path) -> None:
    """Make the folder of a number."""
    rng = random.Random(number)
    fields = fields_of(rng)
    values = np.random.default_rng(number)
    tensors = {
        name: values.normal(0, 0.3, shape).astype(np.float32) for name, shape in REDNetConfig(**fields).tensors.items()
    }
    config, header_harms, scratches = json.dumps(fields).encode(), 0, 0
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        kind = rng.randrange(4)
        if kind == 0:
            config = harmed_config(rng, fields)
        elif kind == 1 and tensors:
            harmed_tensors(rng, tensors)
        elif kind == 2:
            header_harms += 1
        else:
            scratches += 1
    weights = packed(rng, tensors, header_harms)
    for _ in range(scratches):
        weights = scratched(rng, weights)
    (folder / CONFIG).write_bytes(config)
    (folder / WEIGHTS).write_bytes(weights)


def outcome(folder: Path) -> str:
    """Loads a folder into every engine and restores a picture; gives "refused", "works" or "overflows"."""
    said, results = set(), []
    y = np.random.default_rng(0).random((9, 7, 3)).astype(np.float32)
    for name in ENGINES:
        try:
            engine = load_engine(folder, name, threads=1)
        except ModelError as error:
            said.add(str(error))
            continue
        try:
            results.append(Restorer(engine).restore(y, facts={}))
        except ModelError as error:
            assert "\n" not in str(error)
            results.append(None)
    if said:
        (sentence,) = said  # of all engines
        assert not results and "\n" not in sentence and len(sentence) < 500, sentence
        return "refused"
    if any(result is None for result in results):
        return "overflows"
    tensors = load_tensors(folder, load_config(folder))
    rounding_shows = any(np.abs(value).max() > LARGE for value in tensors.values())  # large sums cancel out
    for result in results:
        assert np.isfinite(result).all() and (rounding_shows or np.abs(result - results[0]).max() < TOLERANCE)
    return "works"


def main(first: int, count: int) -> None:
    """Make and load `count` folders from the number `first` on, and print what became of them."""
    outcomes: Counter[str] = Counter()
    for number in range(first, first + count):
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        with tempfile.TemporaryDirectory() as folder:
            make(number, Path(folder))
            outcomes[outcome(Path(folder))] += 1
    sys.stdout.write(json.dumps(outcomes) + "\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
