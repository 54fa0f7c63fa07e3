"""Records the results of rednet, to prove that a change of the code does not change them by a bit.

    python benchmarks/golden.py make before.json     # on the first commit
    python benchmarks/golden.py make after.json      # on the second commit, on the same machine
    python benchmarks/golden.py compare before.json after.json
    python benchmarks/golden.py make part.json --road stream --road service      # `compare` compares the common roads

A golden set has the hash of each result: of the Python functions, of the command line (the bytes and the pixels of each
file that it writes), of a folder that is restored and resumed, of streamed pictures, of the service, and the figures of
an evaluation. It uses only the public interfaces, and imports no inner module of rednet. Bits differ between
processors, so a set is not committed.

`compare` lists all differences, and exits with 1 if a result differs. It also lists differences in the lines of
ledgers, which have a hash of all options, and in sentences for people; these may differ.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from golden_pictures import make_files
from golden_roads import FILES, ROADS
from golden_set import MAY_DIFFER, MUST_AGREE, Golden
from processor import processor

import rednet

Tree = Mapping[Any, Any]


def differences(a: Tree, b: Tree) -> list[str]:
    """List the differences between two trees of dicts and lists, one line each."""
    lines = []
    for name in sorted({*a, *b}):
        if name not in a or name not in b:
            lines.append(f"{name}: only in the {'second' if name in b else 'first'}")
            continue
        first, second = (dict(enumerate(tree[name])) if isinstance(tree[name], list) else tree[name] for tree in (a, b))
        if isinstance(first, dict) and isinstance(second, dict):
            lines += [f"{name} / {line}" for line in differences(first, second)]
        elif first != second:
            lines.append(f"{name}: {first!r}, then {second!r}")
    return lines


def make(out: Path, only: Sequence[str]) -> None:
    """Compute a golden set, of all roads or of some, and write it."""
    start, golden, place, target = time.perf_counter(), Golden(), Path.cwd(), out.absolute()
    roads = {name: road for name, road in ROADS.items() if name in (only or ROADS)}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # so that all names are relative, and the same in each set
        try:
            make_files(FILES)
            for name, road in roads.items():
                begun = time.perf_counter()
                road(golden)
                print(f"{name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
        finally:
            os.chdir(place)
    made = {"version": rednet.__version__, "processor": processor(), "roads": list(roads), **golden.sections}
    target.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    used = os.times()
    seconds = used.user + used.system + used.children_user + used.children_system
    counts = ", ".join(f"{len(entries)} {name}" for name, entries in golden.sections.items())
    print(f"{counts}; {time.perf_counter() - start:.0f} s, {seconds:.0f} s of processor time")


def compare(first: Path, second: Path) -> bool:
    """Print the differences between two golden sets on their common roads; return whether the results agree."""
    a, b = (json.loads(path.read_text("utf-8")) for path in (first, second))
    for what in ("processor", "version"):
        if a[what] != b[what]:
            print(f"careful, the {what} differs: {a[what]}, then {b[what]}")
    both = [road for road in a["roads"] if road in b["roads"]]
    for made in (a, b):
        for section in (MUST_AGREE, *MAY_DIFFER):
            made[section] = {name: entry for name, entry in made[section].items() if name.split("/")[0] in both}
    for section in MAY_DIFFER:
        for line in differences(a[section], b[section]):
            print(f"{section}, may differ: {line}")
    changed = differences(a[MUST_AGREE], b[MUST_AGREE])
    for line in changed:
        print(f"differs: {line}")
    counts = f"{len(a[MUST_AGREE])} and {len(b[MUST_AGREE])} results"
    print(f"{', '.join(both) or 'no road in both'}: {counts}, {len(changed) or 'no'} differences")
    return bool(both) and not changed


def main() -> None:
    """Make a golden set, or compare two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make")
    making.add_argument("out", type=Path)
    making.add_argument("--road", action="append", default=[], help="python, command, stream ...; else all")
    comparing = commands.add_parser("compare")
    comparing.add_argument("first", type=Path)
    comparing.add_argument("second", type=Path)
    asked = parser.parse_args()
    if asked.command == "make":
        make(asked.out, asked.road)
    elif not compare(asked.first, asked.second):
        sys.exit(1)


if __name__ == "__main__":
    main()
