"""Pins: what each protocol does to its first picture, and how it compares; on small crops, and on the published sets.

    python -m tests.evaluation.pins          # writes the pins; with REDNET_DATA, those of the published sets, too

The crops are cut from photographs that rednet ships, and kernels and masks are drawn: they go the same way through the
code as the published files, so a change of a protocol's rule moves its pin wherever the tests run.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from rednet.classical.kernels import gaussian, motion
from rednet.evaluation.damage import KernelFile, MaskFile
from rednet.evaluation.measure import PHOTOS, cases, measure
from rednet.evaluation.protocols import PROTOCOLS, Protocol

FILE = Path(__file__).with_suffix(".json")
CROP = (60, 101, 231, 184)  # 171x83 px: neither side is a multiple of 2, 3 or 4, and blocks of JPEG are cut


def draw_data(data: Path) -> Path:
    """Fill a data folder with one crop for each test set, drawn kernels and a drawn mask; return the folder."""
    with Image.open(PHOTOS / "chelsea.png") as photo:
        crop = photo.convert("RGB").crop(CROP)
    for protocol in PROTOCOLS.values():
        if protocol.folder:
            (data / protocol.folder).mkdir(parents=True, exist_ok=True)
            crop.save(data / protocol.folder / "chelsea.png")
        if isinstance(protocol.damage, KernelFile | MaskFile):
            (data / protocol.damage.path).parent.mkdir(exist_ok=True)
        if isinstance(protocol.damage, KernelFile):
            np.savez(data / protocol.damage.path, k1=motion(9, 30), k2=gaussian(1.2))
        elif isinstance(protocol.damage, MaskFile):
            strokes = np.zeros((31, 47), np.uint8)
            strokes[9:12, 5:40] = strokes[4:27, 20:22] = 255
            Image.fromarray(strokes).save(data / protocol.damage.path)
    return data


def left_alone(degraded: Any) -> Any:
    """Return the damaged picture with missing pixels gray: the guess that stands there is no part of a protocol."""
    y = degraded.y
    return y if degraded.mask is None else np.where(degraded.mask[:, :, None], np.float32(0.5), y)


def pin(protocol: Protocol, data: Path) -> dict[str, Any]:
    """Compute the pin of a protocol.

    Returns:
        "damage": a hash of the damaged picture in steps of a thousandth: what another order of additions changes lies
        far below. And each metric of the protocol, of the damaged picture as it is.
    """
    case = next(cases(protocol, data))
    y, mask = case.degraded.y / np.float32(case.degraded.white), case.degraded.mask
    seen = y if mask is None else np.where(mask[:, :, None], np.float32(-1), y)
    metrics = next(measure(protocol, left_alone, data)).after
    found: dict[str, Any] = {"damage": hashlib.sha256(np.rint(seen * 1000).astype("<i4").tobytes()).hexdigest()[:16]}
    return found | {name: round(value, 4) if np.isfinite(value) else None for name, value in metrics.items()}


def main() -> None:
    """Write all pins; those of the published sets stay as they are where the sets are not here."""
    kept = json.loads(FILE.read_text("utf-8"))
    sets = os.environ.get("REDNET_DATA")
    with TemporaryDirectory() as folder:
        crops = draw_data(Path(folder))
        kept["crops"] = {name: pin(protocol, crops) for name, protocol in PROTOCOLS.items()}
    if sets:
        kept["sets"] = {name: pin(protocol, Path(sets)) for name, protocol in PROTOCOLS.items() if protocol.folder}
    places = []
    for place, pins in kept.items():
        rows = (f'  "{name}": {json.dumps(values)}' for name, values in pins.items())
        places.append(f' "{place}": {{\n' + ",\n".join(rows) + "\n }")
    FILE.write_text("{\n" + ",\n".join(places) + "\n}\n", "utf-8")


if __name__ == "__main__":
    main()
