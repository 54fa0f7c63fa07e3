"""`rednet inspect`: what is wrong with a picture, without touching it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["inspect"]


def inspect(
    pictures: Annotated[list[Path], typer.Argument(help="Pictures to look at.", show_default=False, readable=False)],
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    value_range: Annotated[
        str | None, typer.Option("--range", metavar="LO,HI", help="Black and white of files of floats; else 0,1.")
    ] = None,
    max_megapixels: Annotated[float, typer.Option(help="Refuse larger pictures.")] = 500.0,
) -> None:
    """Estimate noise and JPEG quality, and say what restore would do."""
    from dataclasses import asdict

    from rednet.errors import RednetError
    from rednet.images.colour import parse_range
    from rednet.inference.inspect import inspect_file

    limits = None if value_range is None else parse_range(value_range)
    rows, failed = [], False
    for path in pictures:
        try:
            row = inspect_file(path, max_megapixels=max_megapixels, value_range=limits)
        except RednetError as error:
            print(f"rednet: {error}", file=sys.stderr)
            failed = True
            continue
        rows.append(asdict(row))
        if not as_json:
            print(f"{path}: {row}")
    if as_json:
        print(json.dumps(rows, indent=2))
    if failed:
        raise typer.Exit(1)
