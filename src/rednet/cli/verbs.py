"""The restoring verbs: each is made of a task, whose fields are its options, and of the options that all share."""

from __future__ import annotations

import inspect
import logging
import re
import signal
from collections.abc import Callable
from dataclasses import MISSING
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import typer

from rednet.errors import OptionError
from rednet.restoring.options import Options
from rednet.restoring.tasks import Task
from rednet.values import Setting, settings

__all__ = ["DEVICE", "restoring_verb"]

DEVICE = Annotated[Literal["cpu", "gpu"], typer.Option(help="gpu where the engine finds one.")]
SAVE_QUALITY = "--save-quality"  # also --quality, where the task has none of its own
BELONGS = {"yes": "find_scratches"}  # what is asked for only beside an option of a task


def restoring_verb(kind: type[Task]) -> Callable[..., None]:
    """Make the command of a task.

    Its parameters, which typer reads from its signature, are those of `process`, with the fields of the task and those
    of `Options` in the place of `task` and `options`.
    """
    own, common = settings(kind), settings(Options)
    flags = {name: _flag(name) for name in own}

    def command(**given: Any) -> None:
        try:
            task = kind(**{name: given.pop(name) for name in own})
        except OptionError as error:
            raise typer.BadParameter(re.sub(r"\b\w+\b", lambda word: flags.get(word[0], word[0]), str(error))) from None
        process(task=task, options=Options(**{name: given.pop(name) for name in common}), **given)

    parameters = []
    for name, parameter in inspect.signature(process, eval_str=True).parameters.items():
        if name in ("task", "options"):
            parameters += [_parameter(*said) for said in (own if name == "task" else common).items()]
        elif name == "save_quality" and "quality" not in own:
            parameters.append(parameter.replace(annotation=_saving("--quality", SAVE_QUALITY)))
        elif name not in BELONGS or BELONGS[name] in own:
            parameters.append(parameter)
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__name__, command.__doc__ = kind.verb, (kind.__doc__ or "").partition("\n\n")[0]
    return command


def _flag(name: str) -> str:
    """Write an option's name as the command line does."""
    return f"--{name.replace('_', '-')}"


def _parameter(name: str, said: Setting) -> inspect.Parameter:
    """Make a parameter of an option."""
    ranged = {} if said.kind not in (int, float) else {"min": said.lowest, "max": said.highest}
    read = {"readable": False} if said.kind is Path else {}  # whether it can be read is said by who reads it
    option = typer.Option(_flag(name), help=said.help, **ranged, **read)  # type: ignore[arg-type]
    kind = Optional[said.kind] if said.default is None else said.kind  # noqa: UP045  # of a variable
    default = inspect.Parameter.empty if said.default is MISSING else said.default
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option])


def _saving(*flags: str) -> Any:
    """Annotate the quality of what is written."""
    return Annotated[int, typer.Option(*flags, min=1, max=100, help="Of a JPEG, WebP or AVIF that is written.")]


def process(
    *,
    pictures: Annotated[
        list[Path], typer.Argument(help="Pictures and folders; or - for stdin.", show_default=False, readable=False)
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="A file, or a folder; if left out, beside the picture, named by what was done to it. - for stdout.",
        ),
    ] = None,
    task: Task,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", help="Fill without asking what --find-scratches has marked in NAME-scratches.png, by the picture."
        ),
    ] = False,
    options: Options,
    show_removed: Annotated[Path | None, typer.Option(help="Write here what was taken away.")] = None,
    uncertainty: Annotated[Path | None, typer.Option(help="Write here where 8 orientations disagree.")] = None,
    skip_clean: Annotated[
        bool, typer.Option("--skip-clean", help="Write nothing of pictures that are clean already.")
    ] = False,
    value_range: Annotated[
        str | None, typer.Option("--range", metavar="LO,HI", help="Black and white of a file of floats; else 0,1.")
    ] = None,
    save_quality: _saving(SAVE_QUALITY) = 95,  # type: ignore[valid-type]
    strip_metadata: Annotated[bool, typer.Option("--strip-metadata", help="Drop EXIF, XMP, IPTC and text.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output if it exists.")] = False,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Read the folders below, too.")] = False,
    suffix: Annotated[
        str | None, typer.Option(help="Behind the names of outputs; else, beside the picture, -denoised and the like.")
    ] = None,
    format: Annotated[str | None, typer.Option(help="jpg, png, tif, webp or avif; else as the input.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done, and how long.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A report for machines.")] = False,
    model: Annotated[
        str | None, typer.Option(help="A shipped model's name, or a model folder; else real to restore, or universal.")
    ] = None,
    engine: Annotated[str, typer.Option(help="ncnn, onnx or torch.")] = "ncnn",
    device: DEVICE = "cpu",
    threads: Annotated[int | None, typer.Option(min=1, help="Processors to use; if left out, all.")] = None,
    max_megapixels: Annotated[float, typer.Option(help="Refuse larger pictures.")] = 500.0,
    max_memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="As in 1G; if left out, half of what is free.")
    ] = None,
) -> None:
    """Restore a file, or many, and say what was done."""
    from rednet import __version__
    from rednet.cli.folder import restore_many
    from rednet.cli.job import Job
    from rednet.cli.one_file import restore_file
    from rednet.files.file import Handling
    from rednet.images.colour import parse_range
    from rednet.images.encoding import Saving
    from rednet.images.reading import is_folder
    from rednet.machine import return_memory_at_once
    from rednet.restoring.restorer import find_model
    from rednet.tiling.budget import parse_memory

    if yes and not getattr(task, BELONGS["yes"]):
        raise typer.BadParameter("--yes belongs to --find-scratches")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a kill, too, ends tidily
    logging.basicConfig(format="rednet: %(message)s", level=logging.WARNING)
    return_memory_at_once()
    model = task.model if model is None else model
    handling = Handling(
        options=options,
        saving=Saving(
            save_quality, overwrite, strip_metadata, f"rednet {__version__} ({task.verb}, {Path(model).name})"
        ),
        value_range=None if value_range is None else parse_range(value_range),
        max_megapixels=max_megapixels,
        max_memory=None if max_memory is None else parse_memory(max_memory),
        skip_clean=skip_clean,
        show_removed=show_removed,
        uncertainty=uncertainty,
    )
    job = Job(
        tuple(pictures), task, handling, find_model(model), engine, device, threads, suffix, format, recursive, yes
    )
    task.check(options)  # what is wrong with the options is said once, not for each file
    restore = restore_many if len(pictures) > 1 or is_folder(pictures[0]) else restore_file
    if not restore(job, output, dry_run=dry_run, as_json=as_json):
        raise typer.Exit(1)
