"""`rednet frames`: raw frames of a video from stdin to stdout."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from rednet.cli.flags import DEVICE, ENGINE, MODEL, THREADS
from rednet.restoring.options import Options
from rednet.restoring.tasks import Denoise, Upscale
from rednet.values import settings

__all__ = ["frames"]

SIGMA, QUALITY = settings(Denoise)["sigma"], settings(Denoise)["quality"]
SCALE, STRENGTH = settings(Upscale)["scale"], settings(Options)["strength"]


def frames(
    size: Annotated[str, typer.Option(metavar="WxH", help="Size of a frame, as in 1920x1080.", show_default=False)],
    pix_fmt: Annotated[
        str, typer.Option(metavar="<name>", help="Layout of a pixel: gray, rgb24, gray16le or rgb48le.")
    ] = "rgb24",
    task: Annotated[Literal["denoise", "dejpeg", "upscale"], typer.Option(help="What to do.")] = "denoise",
    sigma: Annotated[float | None, typer.Option(min=SIGMA.lowest, max=SIGMA.highest, help=SIGMA.help)] = None,
    quality: Annotated[
        float | None,
        typer.Option(min=QUALITY.lowest, max=QUALITY.highest, help="Quality, if frames were compressed as JPEG."),
    ] = None,
    scale: Annotated[int | None, typer.Option(min=SCALE.lowest, max=SCALE.highest, help=SCALE.help)] = None,
    strength: Annotated[
        float, typer.Option(min=STRENGTH.lowest, max=STRENGTH.highest, help=STRENGTH.help)
    ] = Options.strength,
    model: MODEL = "fast",
    engine: ENGINE = "ncnn",
    device: DEVICE = "cpu",
    threads: THREADS = None,
) -> None:
    """Restore raw frames of a video from stdin to stdout, each on its own, between two ffmpeg, say."""
    from rednet.errors import OptionError
    from rednet.files.frames import parse_size, restore_frames
    from rednet.restoring.restorer import Restorer
    from rednet.restoring.tasks import TASKS

    given = {"sigma": sigma, "quality": quality, "scale": scale}
    kind = TASKS[task]
    for name, value in given.items():
        if value is not None and name not in settings(kind):
            raise OptionError(f"{task} has no {name}; leave it out", option=name)
    asked = kind(**{name: value for name, value in given.items() if value is not None})
    sides = parse_size(size)
    if sys.stdin.isatty() or sys.stdout.isatty():
        raise OptionError("frames come from stdin and go to stdout; put rednet between two programs with pipes")
    restorer = Restorer.from_pretrained(model, engine=engine, device=device, threads=threads)
    width, height = (side * asked.enlargement for side in sides)
    print(f"rednet: {sides[0]}x{sides[1]} -> {width}x{height}, {pix_fmt}", file=sys.stderr, flush=True)
    try:
        number = restore_frames(
            sys.stdin.buffer, sys.stdout.buffer, sides, pix_fmt, asked, restorer, Options(strength=strength)
        )
    except BrokenPipeError:  # the next program has ended, and wants no more
        sys.stderr.write("rednet: the program that reads the frames has ended\n")
        sys.stdout = None  # else Python writes the rest into the pipe, and fails again
        raise typer.Exit(1) from None
    print(f"rednet: {number} frames", file=sys.stderr)
