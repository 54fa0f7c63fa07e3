"""What the restoring verbs share: their options, and the trip of one file or of many."""

from __future__ import annotations

import inspect
import logging
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Union

import typer

if TYPE_CHECKING:
    from rednet.files.file import Handling
    from rednet.restoring.restorer import Restorer
    from rednet.restoring.work import Local, Whole

__all__ = ["DEVICE", "Job", "Naming", "Work", "restoring_verb"]

Work = Union["Local", "Whole"]  # of `rednet.restoring.work`, which is not loaded until a verb runs

LONG_QUALITY = Annotated[int, typer.Option("--save-quality", min=1, max=100, help="Of a JPEG, WebP or AVIF written.")]
QUALITY = Annotated[
    int, typer.Option("--quality", "--save-quality", min=1, max=100, help="Of a JPEG, WebP or AVIF that is written.")
]
DEVICE = Annotated[Literal["cpu", "gpu"], typer.Option(help="gpu where the engine finds one.")]
TOLD = ("inputs",)  # what a verb's own function may want to know of the shared options


def restoring_verb(plan: Callable[..., Work]) -> Callable[..., None]:
    """Makes a command of a function that plans the work.

    Args:
        plan: takes a picture's path and the verb's own options, all keyword-able, and gives the work to do, see
            `rednet.restoring.work`. A parameter `inputs` gets the pictures and folders that the command was given.

    Returns:
        A command for typer: the pictures or folders, the verb's own options, then the options that all verbs share. The
        quality of what is written is `--quality`, or `--save-quality` where the verb has a `--quality` of its own.
    """

    def command(pictures: list[Path], output: Path | None = None, **options: Any) -> None:
        known = {"inputs": tuple(pictures)}
        told = {name: known[name] for name in TOLD if name in planned}
        own = {name: options.pop(name) for name in list(options) if name in planned and name not in TOLD}

        def work(path: Path) -> Work:
            return plan(path, **own, **told)

        work(pictures[0])  # what is wrong with the options is said once, not for each file
        if "save_quality" in options:
            options["quality"] = options.pop("save_quality")
        process(pictures, output, plan.__name__, own, work, **options)

    planned = inspect.signature(plan, eval_str=True).parameters
    shared = dict(inspect.signature(process, eval_str=True).parameters)
    if "quality" in planned:
        shared["quality"] = shared["quality"].replace(name="save_quality", annotation=LONG_QUALITY)
    output = shared["output"].replace(default=None)
    common = [p for name, p in shared.items() if name not in ("pictures", "output", "verb", "own", "work")]
    particular = [p for name, p in list(planned.items())[1:] if name not in TOLD]
    parameters = [shared["pictures"], output, *particular, *common]
    keyword = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters[1:]]
    command.__signature__ = inspect.Signature([parameters[0], *keyword])  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    command.__name__, command.__doc__ = plan.__name__, plan.__doc__
    return command


def process(
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
    ],
    verb: str,
    own: dict[str, Any],
    work: Callable[[Path], Any],
    strength: Annotated[float, typer.Option(min=0.0, max=1.5, help="Share of the correction to apply.")] = 1.0,
    detail: Annotated[float, typer.Option(min=0.0, max=1.0, help="Fine structure to give back.")] = 0.0,
    self_ensemble: Annotated[
        bool, typer.Option("--self-ensemble", help="Mean over 8 orientations; 8 times slower.")
    ] = False,
    show_removed: Annotated[Path | None, typer.Option(help="Write here what was taken away.")] = None,
    uncertainty: Annotated[Path | None, typer.Option(help="Write here where 8 orientations disagree.")] = None,
    skip_clean: Annotated[
        bool, typer.Option("--skip-clean", help="Write nothing of pictures that are clean already.")
    ] = False,
    value_range: Annotated[
        str | None, typer.Option("--range", metavar="LO,HI", help="Black and white of a file of floats; else 0,1.")
    ] = None,
    quality: QUALITY = 95,
    strip_metadata: Annotated[bool, typer.Option("--strip-metadata", help="Drop EXIF, XMP, IPTC and text.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output if it exists.")] = False,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Read the folders below, too.")] = False,
    suffix: Annotated[
        str | None, typer.Option(help="Behind the names of outputs; else, beside the picture, -denoised and the like.")
    ] = None,
    format: Annotated[str | None, typer.Option(help="jpg, png, tif, webp or avif; else as the input.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done, and how long.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A report for machines.")] = False,
    model: Annotated[str, typer.Option(help="A shipped model's name, or a model folder.")] = "universal",
    engine: Annotated[str, typer.Option(help="ncnn, onnx or torch.")] = "ncnn",
    device: DEVICE = "cpu",
    threads: Annotated[int | None, typer.Option(min=1, help="Processors to use; if left out, all.")] = None,
    max_megapixels: Annotated[float, typer.Option(help="Refuse larger pictures.")] = 500.0,
    max_memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="As in 1G; if left out, half of what is free.")
    ] = None,
) -> None:
    """Restores a file, or many, and says what was done."""
    from rednet import __version__
    from rednet.cli.folder import restore_many
    from rednet.cli.one_file import restore_file
    from rednet.files.file import Handling
    from rednet.images.colour import parse_range
    from rednet.images.encoding import Saving
    from rednet.images.reading import is_folder
    from rednet.machine import return_memory_at_once
    from rednet.restoring.restorer import find_model
    from rednet.tiling.budget import parse_memory

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a kill, too, ends tidily
    logging.basicConfig(format="rednet: %(message)s", level=logging.WARNING)
    return_memory_at_once()
    software = f"rednet {__version__} ({verb}, {Path(model).name})"
    handling = Handling(
        strength=strength,
        self_ensemble=self_ensemble,
        detail=detail,
        saving=Saving(quality, overwrite, strip_metadata, software),
        value_range=None if value_range is None else parse_range(value_range),
        max_megapixels=max_megapixels,
        max_memory=None if max_memory is None else parse_memory(max_memory),
        skip_clean=skip_clean,
        show_removed=show_removed,
        uncertainty=uncertainty,
    )
    job = Job(verb, own, handling, find_model(model), engine, device, threads)
    naming = Naming(suffix, format, recursive)
    if len(pictures) > 1 or is_folder(pictures[0]):
        done = restore_many(pictures, output, work, job, naming, dry_run=dry_run, as_json=as_json)
    else:
        done = restore_file(pictures[0], output, work, job, naming, dry_run=dry_run, as_json=as_json)
    if not done:
        raise typer.Exit(1)


class Job(NamedTuple):
    """What the command line says of the work."""

    verb: str
    own: dict[str, Any]
    handling: Handling
    model: Path
    engine: str
    device: Literal["cpu", "gpu"]
    threads: int | None

    def restorer(self) -> Restorer:
        """Loads the network."""
        from rednet.restoring.restorer import Restorer

        return Restorer.from_pretrained(self.model, engine=self.engine, threads=self.threads, device=self.device)

    def suffix(self, naming: Naming) -> str:
        """Return what stands behind the name of a result beside its input."""
        from rednet.files.listing import result_suffix

        return result_suffix(self.verb, self.own.get("scale", 1)) if naming.suffix is None else naming.suffix

    def fingerprint(self) -> str:
        """Hashes all that shapes an output beside its input; what is only a limit is no part of it."""
        from rednet import __version__
        from rednet.files.ledger import hash_job, hash_model, hash_option

        how, own = self.handling, {name: hash_option(value) for name, value in self.own.items()}
        return hash_job(
            {
                "version": __version__, "verb": self.verb, "own": own, "model": hash_model(self.model),
                "engine": self.engine, "device": self.device, "strength": how.strength, "detail": how.detail,
                "self_ensemble": how.self_ensemble, "quality": how.saving.quality, "strip": how.saving.strip_metadata,
                "software": how.saving.software, "range": how.value_range, "skip_clean": how.skip_clean,
            }
        )  # fmt: skip


class Naming(NamedTuple):
    """What the command line says of the outputs' names."""

    suffix: str | None
    format: str | None
    recursive: bool
