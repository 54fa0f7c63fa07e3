"""The small bench of first looks, by which tests hold the look's thresholds and weights: anyone can make its pictures.

python benchmarks/looks_small.py tests/restoring/looks.csv    # after a new fit, or when `real` has new weights

The file names pictures, many of which the look can just decide; for each it has what the look decided and estimated,
and what each thing that the network can be told gains. Photographs come from `examples/photos`.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from looks import shown
from looks_fit import gain, gains, looked_at, wrong_with
from looks_pictures import Case, Made, Set

from rednet.restoring.decision import FINE_QUALITY
from rednet.restoring.finding import Finding
from rednet.restoring.inspection import inspect
from rednet.restoring.judge import ACTIONS
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Automatic

__all__ = ["COLUMNS", "ESTIMATED", "decided", "estimated", "gained", "pictures"]

LEFT, REPAIR, BLIND = "left", "repair", "blind"
DONE = tuple("+".join(action) or BLIND for action in ACTIONS)
ESTIMATED = ("sure", "expected", "strength")
COLUMNS = ("number", "kind", "damage", "level", "shows", "found", "done", *ESTIMATED, *DONE, REPAIR)


def pictures() -> Set:
    """Return the set from which the pictures of the small bench are."""
    return Set(12, ("photos",), Path(__file__).parent.parent / "examples")


def looked(made: Made, folder: Path) -> Finding:
    """Look at a picture, with its file if there is one."""
    path = folder / "a.jpg"
    if made.saved is not None:
        path.write_bytes(made.saved)
    return inspect(shown(made).pixels, None if made.saved is None else path)


def decided(found: Finding) -> dict[str, str]:
    """Return what a look decided, in the words of the file."""
    told = "+".join((*sorted(found.facts, reverse=True), *(["colours"] if found.colours_only else [])))
    done = LEFT if found.left else REPAIR if found.repair_only else told or BLIND
    return {"shows": found.kind, "found": "+".join(found.damage), "done": done}


def estimated(found: Finding) -> dict[str, float]:
    """Return what a look estimated: how sure it is, what restoring gains, dB, and the sigma of the noise."""
    return dict(zip(ESTIMATED, (found.confidence, found.gain, found.sigma), strict=True))


def gained(row: dict[str, str], done: str) -> float:
    """Return what a decision about a picture gains, dB; -3 if a clean picture is touched."""
    return 0.0 if done == LEFT else float(row.get(done) or -3)


def measured(case: Case, restorer: Restorer, folder: Path) -> dict[str, Any]:
    """Look at a picture and restore it in each way."""
    made = case.made()
    found = looked(made, folder)
    row = {"number": case.number, "kind": case.kind, "damage": case.damage, **decided(found)}
    row |= {name: f"{value:.3f}" for name, value in estimated(found).items()}
    row["level"] = f"{made.sigma / made.white:.1f}" if made.sigma else ""
    if case.damage not in ("clean", "dark", "fine jpeg"):
        _, blocks, quality = looked_at(made, folder / "b.jpg")
        told = quality if quality is not None and quality <= FINE_QUALITY else blocks.quality
        values = gains(case, made, told, restorer)
        row |= {name: f"{value:.2f}" for name, value in zip(DONE, values, strict=True)}
        repaired = Finding({}, "", damage=wrong_with(case, made), repair_only=True)
        row[REPAIR] = f"{gain(made, repaired, restorer):.2f}"
    return row


def remade(numbers: list[int]) -> Iterator[dict[str, Any]]:
    """Measure some pictures again."""
    restorer, cases = Restorer.from_pretrained(Automatic.model), list(pictures().cases())
    with tempfile.TemporaryDirectory() as folder:
        for number in numbers:
            yield measured(cases[number], restorer, Path(folder))


def main() -> None:
    """Measure the pictures of a file again."""
    path = Path(sys.argv[1])
    with path.open(encoding="utf-8") as file:
        numbers = [int(row["number"]) for row in csv.DictReader(file)]
    rows = list(remade(numbers))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    best = np.mean([max(gained(row, name) for name in (LEFT, *DONE, REPAIR)) for row in rows])
    print(f"{len(rows)} pictures; gained {np.mean([gained(row, row['done']) for row in rows]):.2f} of {best:.2f} dB")


if __name__ == "__main__":
    main()
