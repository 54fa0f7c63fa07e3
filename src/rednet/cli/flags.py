"""Flags of the command line: those that several verbs share, and those that are made of declared options."""

from __future__ import annotations

import inspect
from dataclasses import MISSING
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import typer

from rednet.values import Setting

__all__ = ["AS_JSON", "DEVICE", "ENGINE", "MODEL", "RECURSIVE", "THREADS", "flag", "parameter"]

MODEL = Annotated[
    str, typer.Option(help="Name of a shipped model (universal, fast, real), a model folder, or hf:OWNER/NAME.")
]
ENGINE = Annotated[str, typer.Option(help="Program that runs the network: ncnn, onnx or torch.")]
DEVICE = Annotated[
    Literal["cpu", "gpu"],
    typer.Option(help="Compute on the processor, or on a graphics processor that the engine finds."),
]
THREADS = Annotated[int | None, typer.Option(min=1, help="Processors to use; if left out, all.")]
RECURSIVE = Annotated[bool, typer.Option("--recursive", "-r", help="Read subfolders, too.")]
AS_JSON = Annotated[bool, typer.Option("--json", help="Print a report for machines.")]


def flag(name: str) -> str:
    """Return an option's name as the command line writes it: max_memory -> --max-memory."""
    return f"--{name.replace('_', '-')}"


def parameter(name: str, said: Setting, *flags: str) -> inspect.Parameter:
    """Make the parameter of a verb, as typer reads it, from a declared option.

    Args:
        name: of the parameter.
        said: the option.
        flags: the parameter's flags; none for the one of its name.
    """
    more: dict[str, Any] = {"min": said.lowest, "max": said.highest} if said.kind in (int, float) else {}
    if said.kind is Path:
        more["readable"] = False  # the reader reports a file that cannot be read
    option = typer.Option(*(flags or (flag(name),)), help=said.help, metavar=said.metavar, **more)
    kind = Optional[said.typed] if said.default is None else said.typed  # noqa: UP045  # of a variable
    default = inspect.Parameter.empty if said.default is MISSING else said.default
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option])
