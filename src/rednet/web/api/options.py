"""Checks the options of a request, and makes the task and the handling of files of them.

The fields of a request are the options of all tasks, the options of `Options`, `Handling` and `Saving` that HTTP has,
and what only HTTP knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from rednet.errors import OptionError
from rednet.files.handling import Handling
from rednet.files.looks import Region
from rednet.images.formats import written_formats
from rednet.images.saving import Saving
from rednet.restoring.options import Options
from rednet.restoring.tasks import TASKS, Task
from rednet.values import Setting, settings, take_settings
from rednet.web.limits import Limits

__all__ = [
    "FILES",
    "LookTuning",
    "RestoreOptions",
    "RestoreRequest",
    "Tuning",
    "TuningBase",
    "read",
    "read_each",
    "read_options",
]

M = TypeVar("M", bound=BaseModel)

MOST_TEXT = 60  # characters of a field
OWN = {name: settings(kind) for name, kind in TASKS.items()}  # the options of each task
UPLOADS = {said.upload: name for own in OWN.values() for name, said in own.items() if said.upload}
FILES = ("picture", *UPLOADS)  # of a form


class RestoreRequest(BaseModel):
    """What only HTTP knows of a restoration; `RestoreOptions` has the rest."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    task: Annotated[
        Literal[tuple(TASKS)],  # type: ignore[valid-type]
        Field(description="auto looks at the picture and decides."),
    ] = "auto"
    format: Annotated[
        Literal[tuple(row.endings[0].removeprefix(".") for row in written_formats())] | None,  # type: ignore[valid-type]
        Field(description="If left out, as the picture."),
    ] = None
    wait: Annotated[
        bool | None, Field(description="Answer with the picture (true) or a job (false); else by its size.")
    ] = None

    picture_of: Annotated[
        str | None, Field(max_length=MOST_TEXT, description="A job whose picture is restored, instead of a file.")
    ] = None
    mask_of: Annotated[
        str | None, Field(max_length=MOST_TEXT, description="A job whose mask is used, instead of a file.")
    ] = None
    region: Annotated[
        str | None,
        Field(
            pattern=r"^\d{1,7}(,\d{1,7}){3}$",
            description="X,Y,WIDTH,HEIGHT, px of the upright picture: only this part is restored.",
            examples=["100,50,640,480"],
        ),
    ] = None

    @property
    def part(self) -> Region | None:
        """The part that is to be restored; None for the whole."""
        return None if self.region is None else Region(*map(int, self.region.split(",")))

    @property
    def sent(self) -> dict[str, Any]:
        """The options of the restoration, as they were sent."""
        return {name: value for name, value in self._given().items() if name not in ("wait", "picture_of", "mask_of")}

    def make_task(self, files: Mapping[str, Path]) -> Task:
        """Make the task.

        Args:
            files: the request's files, by the names of `FILES`.

        Raises:
            OptionError, ImageError: something is missing, does not belong to the task, or cannot be read.
        """
        own = OWN[self.task]
        for task, names in OWN.items():
            for name in sorted(self.model_fields_set.intersection(names).difference(own)):
                raise OptionError(f"{name} belongs to the task {task}, and the task is {self.task}")
            for file in files:
                if file in UPLOADS and UPLOADS[file] in names and UPLOADS[file] not in own:
                    raise OptionError(f"a {UPLOADS[file]} belongs to the task {task}, and the task is {self.task}")
        fields = take_settings(TASKS[self.task], self._given())
        for file in UPLOADS.keys() & files.keys():
            if UPLOADS[file] in fields:
                raise OptionError(f"say what the {UPLOADS[file]} is only once: by {UPLOADS[file]}, or by {file}")
            fields[UPLOADS[file]] = files[file]
        made = TASKS[self.task].from_afar(fields)
        made.check(Options(**take_settings(Options, self._given())))
        return made

    def handling(self, limits: Limits, software: str) -> Handling:
        """Return how the files are handled; raise OptionError if a value is wrong."""
        given = self._given()
        options, saving = (take_settings(table, given) for table in (Options, Saving))
        return Handling(
            options=Options(**options),
            saving=Saving(**saving, overwrite=True, software=software),
            **take_settings(Handling, given),
            max_megapixels=limits.max_megapixels,
        )

    def _given(self) -> dict[str, Any]:
        """Return the fields that the request has."""
        return {name: getattr(self, name) for name in self.model_fields_set}


def _fields() -> Iterator[tuple[str, Any]]:
    """Yield a pydantic field for each option; options of several tasks may have one name if they mean the same."""
    told: dict[str, dict[str, Setting]] = {}
    for task, own in OWN.items():
        for name, said in own.items():
            if said.kind is not Path:
                told.setdefault(name, {})[task] = said
    for name, tasks in told.items():
        yield name, _field(next(iter(tasks.values())), " ".join(f"{task}: {said.help}" for task, said in tasks.items()))
    for table in (Options, Handling, Saving):
        for name, said in settings(table).items():
            if said.remote and said.kind is not Path:
                yield said.called or name, _field(said, said.help)


def _field(said: Setting, description: str) -> Any:
    """Return an option as a field of pydantic, and its default."""
    description += f" A file comes as {said.upload}." if said.upload else ""
    ranged: dict[str, Any] = {"ge": said.lowest, "le": said.highest} if said.kind in (int, float) else {}
    longest: dict[str, Any] = {"max_length": MOST_TEXT} if said.typed is str else {}
    examples = [said.example] if said.example else None
    default = None if said.default is MISSING else said.default
    kind = Optional[said.typed] if default is None else said.typed  # noqa: UP045  # of a variable
    return Annotated[kind, Field(description=description, examples=examples, **ranged, **longest)], default


RestoreOptions: type[RestoreRequest] = create_model(
    "RestoreOptions",
    __base__=RestoreRequest,
    __doc__="The options of a restoration; they mean what they mean on the command line.",
    **dict(_fields()),
)


class TuningBase(BaseModel):
    """Which options of a finished job are other ones; a field that is left out is as the job has it."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    def handling(self, own: Handling) -> Handling:
        """Return how a result is made: as the job's, with the options that are given."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        options, saving = (take_settings(table, given) for table in (Options, Saving))
        return replace(own, options=replace(own.options, **options), saving=replace(own.saving, **saving))

    def ending(self, own: str) -> str:
        """Return the ending of a result: the job's, or that of the format that is given."""
        return f".{kind}" if (kind := getattr(self, "format", None)) else own


def _tuning(name: str, *options: str) -> type[TuningBase]:
    """Return a model of some of the options of a restoration."""
    fields = RestoreOptions.model_fields
    chosen: dict[str, Any] = {option: (fields[option].annotation, fields[option]) for option in options}
    return create_model(name, __base__=TuningBase, **chosen)


Tuning = _tuning("Tuning", "strength", "detail", "format", "save_quality", "strip_metadata")
LookTuning = _tuning("LookTuning", "strength", "detail")


def read_options(fields: Mapping[str, str]) -> RestoreRequest:
    """Check the fields of a form or of a query; see `read`."""
    return read(RestoreOptions, fields)


def read_each(model: type[M], fields: Mapping[str, Sequence[str]], count: int) -> list[M]:
    """Check the fields of several things: a field has one value for all of them, or one for each; see `read`."""
    for name, values in fields.items():
        if len(values) not in (1, count):
            raise OptionError(f"{name} is given {len(values)} times for {count} jobs; give it once, or once for each")
    return [
        read(model, {name: values[place % len(values)] for name, values in fields.items()}) for place in range(count)
    ]


def read(model: type[M], fields: Mapping[str, str]) -> M:
    """Check fields; an empty one counts as left out.

    Raises:
        OptionError: a field is unknown, or its value is no such value.
    """
    try:
        return model.model_validate({name: value for name, value in fields.items() if value != ""})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            raise OptionError(f"there is no option {name!r}; the options are {', '.join(model.model_fields)}") from None
        raise OptionError(f"{name} is {first['input']!r}; {first['msg'][:1].lower()}{first['msg'][1:]}") from None
