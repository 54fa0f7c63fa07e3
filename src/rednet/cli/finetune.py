"""`rednet finetune`: a shipped network, trained further on the user's own pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from rednet.cli.train import display, prepare_torch, stopping

__all__ = ["finetune"]


def finetune(
    pictures: Annotated[
        Path, typer.Argument(help="Folder of clean pictures; of noisy ones with --noisy-only.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the new model.", show_default=False)],
    minutes: Annotated[float, typer.Option(min=0, help="Longest time to train.")] = 30,
    degraded: Annotated[
        Path | None,
        typer.Option(help="Folder of degraded pictures with the same names; if left out, we damage the clean ones."),
    ] = None,
    noisy_only: Annotated[
        bool, typer.Option("--noisy-only", help="The pictures are noisy, and there are no clean ones.")
    ] = False,
    start: Annotated[str, typer.Option("--from", help="Shipped model or model folder to start from.")] = "real",
    recipe: Annotated[
        Path | None, typer.Option(help="A .toml file whose damage is used; if left out, that of the model.")
    ] = None,
    device: Annotated[
        Literal["cpu", "gpu"], typer.Option(help="Train on the processor, or on a graphics processor that torch finds.")
    ] = "cpu",
) -> None:
    """Train a model further on your own pictures (needs torch). Ctrl-C ends it and keeps the best weights."""
    prepare_torch()
    from rednet.training.finetuning import SHEET, finetune
    from rednet.training.loop import Budget

    should_stop = stopping()
    with display() as show:
        outcome = finetune(
            pictures, out, Budget(minutes), degraded=degraded, noisy_only=noisy_only, start=start, recipe=recipe,
            device=device, report=show, should_stop=should_stop,
        )  # fmt: skip
    what = "estimated PSNR" if noisy_only else "PSNR"
    print(f"{what} on {outcome.held_back} pictures held back, {start} -> {out}:")
    for name, after in outcome.after.items():
        print(f"  {name}: {outcome.before[name]:.2f} -> {after:.2f} dB ({after - outcome.before[name]:+.2f})")
    if not outcome.better:
        print(f"nothing was better than {start}; {out} has its weights")
    print(f"{out / SHEET} shows pictures held back; use the model with --model {out}")
