"""`rednet evaluate`: networks and classical methods, measured by published protocols."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rednet.cli.flags import ENGINE
from rednet.restoring.options import Options
from rednet.restoring.tasks import Deblur
from rednet.values import settings

if TYPE_CHECKING:
    from rednet.evaluation.measure import Result
    from rednet.evaluation.tables import Measured

__all__ = ["evaluate"]

SELF_ENSEMBLE, STEPS = settings(Options)["self_ensemble"], settings(Deblur)["steps"]


def evaluate(
    protocol: Annotated[
        list[str] | None, typer.Option(help="Protocol, beginning of protocols' names, or group; may be repeated.")
    ] = None,
    pairs: Annotated[
        tuple[Path, Path] | None,
        typer.Option(help="Measure your own pictures: a folder of clean ones, and a folder of degraded ones."),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Shipped model, model folder, or baseline:NAME; may be repeated.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder with the pictures in test/SET; if left out, $REDNET_DATA.")
    ] = None,
    told: Annotated[str, typer.Option(help="What the network gets as a hint: level, task or nothing.")] = "task",
    self_ensemble: Annotated[bool, typer.Option("--self-ensemble", help=SELF_ENSEMBLE.help)] = False,
    steps: Annotated[
        int | None, typer.Option(min=STEPS.lowest, max=STEPS.highest, help=f"Deblurring: {STEPS.help}")
    ] = None,
    engine: ENGINE = "ncnn",
    out: Annotated[Path | None, typer.Option(help="Folder for results.csv, table.md and the worst pictures.")] = None,
    worst: Annotated[
        int, typer.Option(min=0, help="How many of the worst pictures of each protocol to write into --out.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print every picture's values, for machines.")] = False,
    show_list: Annotated[
        bool, typer.Option("--list", help="List protocols, groups and baselines, and measure nothing.")
    ] = False,
) -> None:
    """Measure networks and classical methods by published protocols."""
    from rednet.errors import OptionError
    from rednet.evaluation.baselines import BASELINES, Unsuited
    from rednet.evaluation.measure import measure, measure_pairs
    from rednet.evaluation.methods import find_method
    from rednet.evaluation.protocols import GROUPS, PROTOCOLS, choose_protocols
    from rednet.evaluation.tables import HEADER, Measured, peak_memory_mb, summarise, write_results
    from rednet.restoring.restorer import Restorer

    if show_list:
        for name, entry in PROTOCOLS.items():
            print(f"{name:22} {entry.source}")
        print(f"groups: {', '.join(GROUPS)}\nbaselines: {', '.join(BASELINES)}")
        return
    if told not in ("level", "task", "nothing"):
        raise OptionError(f"told is {told!r}; it must be level, task or nothing")
    if worst and out is None:
        raise OptionError("the worst pictures need a folder: give --out")
    measured: list[Measured] = []
    if not as_json:
        print(HEADER)

    def keep(name: str, method: str, results: list[Result]) -> None:
        measured.append(Measured(name, method, results))
        if not as_json:
            print(summarise(measured[-1]), flush=True)
        measured[-1] = measured[-1].with_pictures_of(worst)

    try:
        if pairs is not None:
            for name in model or ["universal"]:
                restorer = Restorer.from_pretrained(name, engine=engine)
                keep("pairs", name, list(measure_pairs(*pairs, restorer, self_ensemble=self_ensemble)))
        else:
            chosen = choose_protocols(protocol or [])
            folder = data or Path(os.environ.get("REDNET_DATA", ""))
            if folder == Path() and any(PROTOCOLS[name].folder for name in chosen):
                raise OptionError("no test sets: give --data, or set REDNET_DATA")
            methods = {
                name: find_method(name, engine=engine, told=told, self_ensemble=self_ensemble, steps=steps)  # type: ignore[arg-type]
                for name in model or ["universal"]
            }
            left_out: dict[str, list[str]] = {}
            for name in chosen:
                for method, restore in methods.items():
                    if sys.stderr.isatty():
                        print(f"{name}, {method} ...", end="\r", file=sys.stderr, flush=True)
                    try:
                        keep(name, method, list(measure(PROTOCOLS[name], restore, folder)))
                    except Unsuited:
                        left_out.setdefault(method, []).append(name)
            for method, names in left_out.items():
                print(f"{method} is not made for: {', '.join(names)}", file=sys.stderr)
    finally:  # also what was measured before Ctrl-C
        if out is not None and measured:
            write_results(out, measured, worst)
    if as_json:
        print(json.dumps([m.as_dict() for m in measured], indent=2))
    print(f"peak memory of this process: {peak_memory_mb():.0f} MB", file=sys.stderr)
