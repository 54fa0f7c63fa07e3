"""What the restoring verbs share: their options, and the trip from file to file."""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rednet.images import Picture
    from rednet.inference.restorer import Restorer

__all__ = ["Work", "restoring_verb"]

Advance = Callable[[float], None]
Work = Callable[["Restorer", "Picture", dict[str, Any]], "Picture"]
"""What a verb does: (restorer, picture, options of `Restorer.restore_picture`) -> picture."""


def restoring_verb(plan: Callable[..., Work]) -> Callable[..., None]:
    """Makes a command of a function that plans the work.

    Args:
        plan: takes the picture's path and the verb's own options, all keyword-able, and gives the work to do.

    Returns:
        A command for typer: the picture, the verb's own options, then the options that all verbs share.
    """

    def command(picture: Path, output: Path | None = None, **options: Any) -> None:
        own = {name: options.pop(name) for name in list(options) if name in planned}
        process(picture, output, plan(picture, **own), **options)

    planned = inspect.signature(plan, eval_str=True).parameters
    shared = inspect.signature(process, eval_str=True).parameters
    output = shared["output"].replace(default=None)
    parameters = [shared["picture"], output, *list(planned.values())[1:], *list(shared.values())[3:]]
    keyword = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters[1:]]
    command.__signature__ = inspect.Signature([parameters[0], *keyword])  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    command.__name__, command.__doc__ = plan.__name__, plan.__doc__
    return command


def process(
    picture: Annotated[Path, typer.Argument(help="The picture to restore.", show_default=False, readable=False)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write; if left out, NAME-restored beside the input.")
    ],
    work: Work,
    strength: Annotated[float, typer.Option(min=0.0, max=1.5, help="Share of the correction to apply.")] = 1.0,
    self_ensemble: Annotated[
        bool, typer.Option("--self-ensemble", help="Mean over 8 orientations; 8 times slower.")
    ] = False,
    save_quality: Annotated[int, typer.Option(min=1, max=100, help="Of a JPEG, WebP or AVIF that is written.")] = 95,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output if it exists.")] = False,
    model: Annotated[str, typer.Option(help="A shipped model's name, or a model folder.")] = "universal",
    engine: Annotated[str, typer.Option(help="ncnn, onnx or torch.")] = "ncnn",
    threads: Annotated[int | None, typer.Option(min=1, help="Processors to use; if left out, all.")] = None,
    max_megapixels: Annotated[float, typer.Option(help="Refuse larger pictures.")] = 100.0,
) -> None:
    """Reads a picture, works on it, writes it, and says what was written."""
    from rednet.images import check_output, read_picture, write_picture
    from rednet.inference.restorer import Restorer

    damaged = read_picture(picture, max_megapixels=max_megapixels)
    target = output or picture.with_name(f"{picture.stem}-restored{picture.suffix}")
    check_output(target, damaged, overwrite=overwrite)
    restorer = Restorer.from_pretrained(model, engine=engine, threads=threads)
    start = time.perf_counter()
    with progress_bar(picture.name) as advance:
        restored = work(restorer, damaged, {"strength": strength, "self_ensemble": self_ensemble, "progress": advance})
    write_picture(target, restored, quality=save_quality, overwrite=overwrite)
    print(f"{target}: {restored.size} px, {time.perf_counter() - start:.1f} s")


@contextmanager
def progress_bar(name: str) -> Iterator[Advance]:
    """Shows progress on a terminal's stderr, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda share: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(name, total=1.0)
        yield lambda share: progress.update(task, completed=share)
