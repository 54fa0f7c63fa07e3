"""The command line: `rednet VERB`. Each verb lives in a file of its own and loads what it needs when it runs."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import typer

from rednet import __version__
from rednet.cli.evaluate import evaluate
from rednet.cli.export import export
from rednet.cli.finetune import finetune
from rednet.cli.frames import frames
from rednet.cli.hints import Verb
from rednet.cli.inspect import inspect
from rednet.cli.serve import serve
from rednet.cli.train import train
from rednet.cli.verbs import restoring_verb
from rednet.restoring.tasks import TASKS

__all__ = ["app", "main"]


app = typer.Typer(
    name="rednet",
    help="Restore degraded pictures with RED-Net: noise, JPEG artefacts, low resolution, blur, missing pixels.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
verbs: list[Callable[..., None]] = [
    *map(restoring_verb, TASKS.values()),
    inspect,
    frames,
    serve,
    train,
    finetune,
    evaluate,
    export,
]
for verb in verbs:
    app.command(cls=Verb)(verb)


def show_version(wanted: bool) -> None:
    """Print the version and exit."""
    if wanted:
        print(f"rednet {__version__}")
        raise typer.Exit


@app.callback()
def options(version: bool = typer.Option(False, "--version", callback=show_version, is_eager=True)) -> None:
    """Restore degraded pictures with RED-Net: noise, JPEG artefacts, low resolution, blur, missing pixels."""


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file's name may be any bytes
    try:
        app()
    except KeyboardInterrupt:
        print("rednet: stopped", file=sys.stderr)
        sys.exit(130)
