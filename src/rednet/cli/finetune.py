"""`rednet finetune`: a shipped network, trained further on the user's own pictures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from rednet.cli.train import display, stopping

__all__ = ["finetune"]


def finetune(
    pictures: Annotated[Path, typer.Argument(help="Folder of clean pictures.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the new model.", show_default=False)],
    minutes: Annotated[float, typer.Option(min=0, help="Longest time to train.")] = 30,
    degraded: Annotated[
        Path | None,
        typer.Option(help="Folder of degraded pictures with the same names; if left out, we damage the clean ones."),
    ] = None,
    start: Annotated[str, typer.Option("--from", help="Shipped model or model folder to start from.")] = "real",
    recipe: Annotated[
        Path | None, typer.Option(help="A .toml file whose damage is used; if left out, that of the model.")
    ] = None,
    device: Annotated[
        Literal["cpu", "gpu"], typer.Option(help="Train on the processor, or on a graphics processor that torch finds.")
    ] = "cpu",
) -> None:
    """Train a model further on your own pictures (needs torch). Ctrl-C ends it and keeps the best weights."""
    from rednet.errors import TrainingError
    from rednet.packages import install_command

    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in rednet train
    try:
        from rednet.training.finetuning import SHEET, finetune
        from rednet.training.loop import Budget
    except ImportError as error:
        raise TrainingError(f"training needs the package {error.name}: {install_command('train')}") from error

    should_stop = stopping()
    with display() as show:
        outcome = finetune(
            pictures, out, Budget(minutes), degraded=degraded, start=start, recipe=recipe, device=device, report=show,
            should_stop=should_stop,
        )  # fmt: skip
    print(f"PSNR on {outcome.held_back} pictures held back, {start} -> {out}:")
    for name, after in outcome.after.items():
        print(f"  {name}: {outcome.before[name]:.2f} -> {after:.2f} dB ({after - outcome.before[name]:+.2f})")
    if not outcome.better:
        print(f"nothing was better than {start}; {out} has its weights")
    print(f"{out / SHEET} shows pictures held back; use the model with --model {out}")
