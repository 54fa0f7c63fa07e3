"""`rednet train`: a recipe, a folder of pictures, a budget."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

__all__ = ["display", "prepare_torch", "stopping", "train"]


def train(
    recipe: Annotated[Path, typer.Argument(help="A .toml file, such as recipes/universal.toml.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder of the run: weights, log, state.", show_default=False)],
    data: Annotated[
        Path | None, typer.Option(help="Folder with the recipe's pictures; if left out, $REDNET_DATA.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="Budget in minutes of wall time.")] = None,
    steps: Annotated[int | None, typer.Option(help="Budget in steps.")] = None,
    weights: Annotated[str | None, typer.Option("--from", help="Shipped model or model folder to start from.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the stopped run in --out.")] = False,
    device: Annotated[
        Literal["cpu", "gpu"], typer.Option(help="Train on the processor, or on a graphics processor that torch finds.")
    ] = "cpu",
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Also log for TensorBoard.")] = False,
) -> None:
    """Train a network (needs torch). Ctrl-C stops the run; --resume continues it. torchrun starts many processes."""
    from rednet.errors import OptionError

    folder = data or (Path(os.environ["REDNET_DATA"]) if "REDNET_DATA" in os.environ else None)
    if folder is None:
        raise OptionError("no pictures to learn from: give --data, or set REDNET_DATA")
    prepare_torch()
    from rednet.training.loop import Budget, train
    from rednet.training.recipe import load_recipe

    should_stop = stopping()
    with display() as show:
        status = train(
            load_recipe(recipe),
            folder,
            out,
            Budget(minutes, steps),
            weights=weights,
            resume=resume,
            device=device,
            report=show,
            should_stop=should_stop,
            tensorboard=tensorboard,
        )
    if not show.leads:
        return
    if not show.steps:
        end = "finished already; to go on, give a larger budget"
    else:
        end = "stopped; go on with --resume" if status.progress < 1 else "done"
    score = f", {status.mean_psnr:.2f} dB on validation" if status.psnr else ""
    print(f"{out}: {end}; {status.step} steps, {status.pixels / 1e6:.0f} Mpx{score}")


def prepare_torch() -> None:
    """Call this before anything that trains is imported.

    Raises:
        TrainingError: a package that training needs is not installed.
    """
    from rednet.errors import TrainingError
    from rednet.packages import need

    # Beside other work, threads that wait by spinning keep those that compute from running; read when torch loads.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    for module in ("torch", "PIL"):
        need(module, "train", "training", TrainingError)


def stopping() -> Callable[[], bool]:
    """From now on, let SIGINT and SIGTERM end a training in order; return what tells whether one has come."""
    received: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: received.append(number))
    return lambda: bool(received)


class display:
    """A progress bar on a terminal, a line a minute elsewhere; both on stderr."""

    def __enter__(self) -> display:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self.leads = os.environ.get("RANK", "0") == "0"  # of many processes, one speaks
        self.terminal = sys.stderr.isatty() and self.leads
        self.minute = -1
        self.steps = 0
        self.progress = Progress(
            BarColumn(), TextColumn("{task.percentage:.0f} %"), TextColumn("{task.description}"),
            TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True), disable=not self.terminal,
        )  # fmt: skip
        self.task = self.progress.add_task("loading pictures", total=1.0)
        self.progress.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.progress.stop()

    def __call__(self, status: Any) -> None:
        self.steps += 1
        score = f"{status.mean_psnr:.2f} dB  " if status.psnr else ""  # nothing before the first validation
        text = (
            f"step {status.step}  {score}{status.pixels_per_s / 1000:.0f} kpx/s  "
            f"loss {status.loss:.3f}  data wait {status.wait:.1%}"
        )
        self.progress.update(self.task, completed=status.progress, description=text)
        if self.leads and not self.terminal and int(status.seconds // 60) > self.minute:
            self.minute = int(status.seconds // 60)
            print(f"{status.progress:.1%}  {text}", file=sys.stderr, flush=True)
