"""The restoring verbs: each is made of a task, whose fields are its options, and of the options of all tasks."""

from __future__ import annotations

import inspect
import logging
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from rednet import __version__
from rednet.cli.command import Command
from rednet.cli.flags import flag, parameter
from rednet.errors import OptionError
from rednet.files.handling import Handling
from rednet.images.saving import Saving
from rednet.restoring.options import Options
from rednet.restoring.tasks import Task
from rednet.values import settings, take_settings

__all__ = ["restoring_verb"]

PLACES: dict[str, Callable[[Any], Any]] = {  # are typed as texts, since they may be URLs
    "pictures": lambda shared: Annotated[list[str], *shared.__metadata__],
    "output": lambda shared: Annotated[Optional[str], *shared.__metadata__],  # noqa: UP045  # of a variable
}
BELONGS = {"yes": "find_scratches"}  # a flag that a verb has only if its task has the option


def restoring_verb(kind: type[Task]) -> Callable[..., None]:
    """Make the command of a task.

    typer reads its parameters from its signature: those of `Command`, but the options of the task in the place of
    `task`, and those of `Options`, `Handling` and `Saving` in the place of `handling`.
    """
    own = settings(kind)
    flags = {name: flag(name) for name in own}

    def command(**given: Any) -> None:
        try:
            task = kind(**take_settings(kind, given))
        except OptionError as error:
            raise typer.BadParameter(re.sub(r"\b\w+\b", lambda word: flags.get(word[0], word[0]), str(error))) from None
        software = f"rednet {__version__} ({task.verb}, {Path(given['model']).name})"
        options, saving = take_settings(Options, given), take_settings(Saving, given)
        handling = Handling(
            options=Options(**options), saving=Saving(**saving, software=software), **take_settings(Handling, given)
        )
        places = [given["pictures"], given["output"]]
        if "" in (*places[0], places[1]):
            raise typer.BadParameter(
                "the name of a picture or of the output is empty; is a variable of the shell unset?"
            )
        given |= {
            "pictures": [Path(place) for place in places[0]],
            "output": None if places[1] is None else Path(places[1]),
        }
        if not _restore(Command(task=task, handling=handling, **given), *places):
            raise typer.Exit(1)

    parameters = []
    for name, shared in inspect.signature(Command, eval_str=True).parameters.items():
        if name == "task":
            parameters += [parameter(*option) for option in own.items()]
        elif name == "handling":
            for option, said in {**settings(Options), **settings(Handling), **settings(Saving)}.items():
                called = said.called or option
                short = option == "quality" and option not in own  # the only option whose two names are both flags
                parameters.append(parameter(called, said, *([flag(option), flag(called)] if short else [])))
        elif name in PLACES:
            parameters.append(shared.replace(annotation=PLACES[name](shared.annotation)))
        elif name == "model":
            parameters.append(shared.replace(default=kind.model))
        elif name not in BELONGS or BELONGS[name] in own:
            parameters.append(shared)
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    command.__name__, command.__doc__ = kind.verb, (kind.__doc__ or "").partition("\n\n")[0]
    return command


def _restore(asked: Command, pictures: list[str], output: str | None) -> bool:
    """Restore a file, or many, and say what was done; return False if any failed.

    Args:
        asked: what was typed.
        pictures, output: the places as they were typed, since a URL is no path.
    """
    from rednet.cli.many_files import restore_many
    from rednet.cli.one_file import restore_one
    from rednet.images.reading import is_folder
    from rednet.machine import return_memory_at_once
    from rednet.zoo.shipped import find_model

    if asked.yes and not asked.finds_scratches:
        raise typer.BadParameter("--yes belongs to --find-scratches")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a kill, too, ends tidily
    logging.basicConfig(format="rednet: %(message)s", level=logging.WARNING)
    return_memory_at_once()
    find_model(asked.model)  # a wrong model or option is reported once, not for each file
    asked.task.check(asked.handling.options)
    if asked.cluster is not None or any("://" in place for place in [*pictures, output or ""]):
        from rednet.cli.urls import restore_urls

        return restore_urls(asked, pictures, output)
    many = len(asked.pictures) > 1 or is_folder(asked.pictures[0])
    if asked.shard and not many:
        raise typer.BadParameter("--shard divides the pictures of a folder, or several pictures")
    return restore_many(asked) if many else restore_one(asked)
