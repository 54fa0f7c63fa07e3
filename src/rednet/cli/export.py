"""`rednet export`: writes a network for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rednet.cli.flags import MODEL

__all__ = ["export"]


def export(
    target: Annotated[
        Path,
        typer.Argument(
            help="File to write; its ending says the format: .onnx, .param (ncnn), .xml (OpenVINO), .pt2 (torch).",
            show_default=False,
        ),
    ],
    model: MODEL = "universal",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
) -> None:
    """Write a network for other programs; docs/export.md tells how to run it there."""
    from rednet.engines.exporting import export_network
    from rednet.zoo.shipped import find_model

    for path in export_network(find_model(model), target, overwrite=overwrite):
        print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
