"""The restoring verbs: each is made of a task, whose fields are its options, and of the options of all tasks."""

from __future__ import annotations

import inspect
import logging
import re
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from rednet.cli.flags import AS_JSON, DEVICE, ENGINE, MODEL, RECURSIVE, THREADS, flag, parameter
from rednet.errors import OptionError
from rednet.files.handling import Handling
from rednet.images.formats import in_words, written_formats
from rednet.images.saving import Saving
from rednet.restoring.options import Options
from rednet.restoring.tasks import Task
from rednet.values import settings, take_settings

__all__ = ["restoring_verb"]

BELONGS = {"yes": "find_scratches"}  # a flag that a verb has only if its task has the option
FORMATS = in_words(row.endings[0].removeprefix(".") for row in written_formats())


def restoring_verb(kind: type[Task]) -> Callable[..., None]:
    """Make the command of a task.

    typer reads its parameters from its signature: those of `_process`, but the options of the task in the place of
    `task`, and those of `Options`, `Handling` and `Saving` in the place of `handling`.
    """
    own = settings(kind)
    flags = {name: flag(name) for name in own}

    def command(**given: Any) -> None:
        try:
            task = kind(**take_settings(kind, given))
        except OptionError as error:
            raise typer.BadParameter(re.sub(r"\b\w+\b", lambda word: flags.get(word[0], word[0]), str(error))) from None
        options, saving = Options(**take_settings(Options, given)), Saving(**take_settings(Saving, given))
        handling = Handling(options=options, saving=saving, **take_settings(Handling, given))
        _process(task=task, handling=handling, **given)

    parameters = []
    for name, shared in inspect.signature(_process, eval_str=True).parameters.items():
        if name == "task":
            parameters += [parameter(*option) for option in own.items()]
        elif name == "handling":
            for option, said in {**settings(Options), **settings(Handling), **settings(Saving)}.items():
                called = said.called or option
                short = option == "quality" and option not in own  # the only option whose two names are both flags
                parameters.append(parameter(called, said, *([flag(option), flag(called)] if short else [])))
        elif name not in BELONGS or BELONGS[name] in own:
            parameters.append(shared)
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    command.__name__, command.__doc__ = kind.verb, (kind.__doc__ or "").partition("\n\n")[0]
    return command


def _process(
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
    handling: Handling,
    recursive: RECURSIVE = False,
    suffix: Annotated[
        str | None, typer.Option(help="Behind the names of outputs; else, beside the picture, -denoised and the like.")
    ] = None,
    format: Annotated[str | None, typer.Option(help=f"{FORMATS}; else as the input.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done, and how long.")] = False,
    as_json: AS_JSON = False,
    model: MODEL = "universal",
    engine: ENGINE = "ncnn",
    device: DEVICE = "cpu",
    threads: THREADS = None,
) -> None:
    """Restore a file, or many, and say what was done."""
    from rednet import __version__
    from rednet.cli.command import Command
    from rednet.cli.many_files import restore_many
    from rednet.cli.one_file import restore_one
    from rednet.images.reading import is_folder
    from rednet.machine import return_memory_at_once
    from rednet.restoring.restorer import find_model

    if yes and not getattr(task, BELONGS["yes"]):
        raise typer.BadParameter("--yes belongs to --find-scratches")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a kill, too, ends tidily
    logging.basicConfig(format="rednet: %(message)s", level=logging.WARNING)
    return_memory_at_once()
    software = f"rednet {__version__} ({task.verb}, {Path(model).name})"
    handling = replace(handling, saving=replace(handling.saving, software=software))
    asked = Command(
        tuple(pictures), output, task, handling, find_model(model), engine, device, threads, suffix, format, recursive,
        dry_run, as_json, yes,
    )  # fmt: skip
    task.check(handling.options)  # what is wrong with the options is said once, not for each file
    restore = restore_many if len(pictures) > 1 or is_folder(pictures[0]) else restore_one
    if not restore(asked):
        raise typer.Exit(1)
