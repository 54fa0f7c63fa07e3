"""`rednet evaluate`: a network's PSNR by published protocols."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["evaluate"]


def evaluate(
    protocol: Annotated[
        list[str] | None, typer.Option(help="A protocol's name; may be repeated; a beginning takes all that fit.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder that holds test/SET; else $REDNET_DATA.")] = None,
    model: Annotated[str, typer.Option(help="A shipped model's name, or a model folder.")] = "universal",
    engine: Annotated[str, typer.Option(help="ncnn, onnx or torch.")] = "ncnn",
    told: Annotated[str, typer.Option(help="What the network is told: level, task or nothing.")] = "task",
    self_ensemble: Annotated[bool, typer.Option("--self-ensemble", help="Mean over 8 orientations.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Every picture's score, for machines.")] = False,
    show_list: Annotated[bool, typer.Option("--list", help="List the protocols and end.")] = False,
) -> None:
    """Measure a network by published protocols."""
    from dataclasses import asdict

    from rednet.errors import OptionError
    from rednet.evaluation.measure import measure
    from rednet.evaluation.protocols import PROTOCOLS
    from rednet.inference.restorer import Restorer

    if show_list:
        for name, entry in PROTOCOLS.items():
            print(f"{name:18} {entry.source}")
        return
    wanted = [name for name in PROTOCOLS if protocol is None or name.startswith(tuple(protocol))]
    for start in protocol or ():
        if not any(name.startswith(start) for name in PROTOCOLS):
            raise OptionError(f"no protocol begins with {start}; see rednet evaluate --list")
    if told not in ("level", "task", "nothing"):
        raise OptionError(f"told is {told!r}; it must be level, task or nothing")
    folder = data or (Path(os.environ["REDNET_DATA"]) if "REDNET_DATA" in os.environ else None)
    if folder is None:
        raise OptionError("no test sets: give --data, or set REDNET_DATA")
    restorer = Restorer.from_pretrained(model, engine=engine)
    report = {}
    if not as_json:
        print("| protocol | pictures | damaged, dB | restored, dB | s a picture |\n|---|---|---|---|---|")
    for name in wanted:
        print(f"{name} ...", end="\r", file=sys.stderr, flush=True)
        scores = measure(PROTOCOLS[name], restorer, folder, told=told, self_ensemble=self_ensemble)  # type: ignore[arg-type]
        report[name] = [asdict(score) for score in scores]
        before, after, seconds = (
            sum(getattr(score, key) for score in scores) / len(scores) for key in ("damaged", "restored", "seconds")
        )
        if not as_json:
            print(f"| {name} | {len(scores)} | {before:.2f} | {after:.2f} | {seconds:.2f} |", flush=True)
    if as_json:
        print(json.dumps(report, indent=2))
