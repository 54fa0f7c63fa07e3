"""One picture from the command line, also from stdin and to stdout."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rednet.cli.display import print_json, progress_bar
from rednet.cli.hints import flags_of_this_verb, hinted
from rednet.cli.scratches import place_of_scratches, propose_scratches

if TYPE_CHECKING:
    from rednet.cli.job import Job
    from rednet.files.file import FileTask

__all__ = ["restore_file"]

STREAM = Path("-")
STDOUT = "stdout"  # as it is called in messages


def restore_file(job: Job, output: Path | None, *, dry_run: bool = False, as_json: bool = False) -> bool:
    """Restore one picture, and say what was written; False if it failed."""
    from rednet.errors import OptionError, RednetError
    from rednet.files.file import FileTask
    from rednet.files.listing import output_name
    from rednet.images import PictureFile
    from rednet.images.reading import is_folder
    from rednet.images.writing import check_apart
    from rednet.whole_files import sweep

    (picture,) = job.pictures
    to_stdout = output == STREAM or (picture == STREAM and output is None)
    if to_stdout and as_json:
        raise OptionError("stdout holds the picture; leave --json out, or give -o FILE")
    if to_stdout and job.handling.skip_clean:
        raise OptionError("of a clean picture, stdout would hold nothing; leave --skip-clean out, or give -o FILE")
    if job.finds_scratches and picture == STREAM:
        raise OptionError("--find-scratches writes its mask beside the picture, and stdin has no such place")
    with ExitStack() as stack:
        source, name, held = picture, str(picture), None
        aside = Path(stack.enter_context(tempfile.TemporaryDirectory())) if STREAM in (picture, output) else Path()
        if picture == STREAM:
            name, held = "stdin", aside / "stdin"
            with held.open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file)
            with calling_it_stdin(held):
                ending = PictureFile(held, max_megapixels=job.handling.max_megapixels).ending
            source = held.rename(held.with_suffix(ending))
        named = source.with_name(output_name(source, suffix=job.suffix_beside, format=job.format))
        target = aside / named.name if to_stdout else output or named
        if output is not None and is_folder(target):
            target = target / output_name(source, suffix=job.suffix or "", format=job.format)
        elif output is not None and not to_stdout:
            check_name(output, job)
        mask = place_of_scratches(source) if job.finds_scratches else None
        check_apart(target, job.handling.show_removed, job.handling.uncertainty, mask)
        if dry_run:
            called = {source: name, target: STDOUT if to_stdout else str(target)}
            return show_plan(source, target, job, called, as_json=as_json)
        sweep(target.parent)
        task = FileTask(source, target, job.task_for(source), job.handling)
        stack.callback(task.close)
        report = task.report
        report.input = name
        try:
            with calling_it_stdin(held):
                carry_out(task, job, name)
        except RednetError as error:
            if not as_json:
                raise
            print(f"rednet: {hinted(str(error), error.option, flags_of_this_verb())}", file=sys.stderr)
            report.fail(error)
        for sentence in report.warnings:
            print(f"rednet: {report.named(called_stdin(sentence, held))}", file=sys.stderr)
        if to_stdout:
            with target.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
        if as_json:
            print_json([report])
        elif not task.skipped:
            line = f"{STDOUT if to_stdout else target}: {report.width}x{report.height} px, {report.seconds:.1f} s"
            print(line, file=sys.stderr if to_stdout else sys.stdout)
    return not report.error


def check_name(output: Path, job: Job) -> None:
    """Makes sure that the name of a file, and what else is said of it, agree; raises OptionError."""
    from rednet.errors import OptionError
    from rednet.images.formats import format_of

    if job.suffix or job.recursive:
        raise OptionError(f"-o {output} names one file; leave --suffix and --recursive out, or give -o a folder")
    if job.format and format_of(output.suffix) != format_of(f".{job.format.lstrip('.')}"):
        raise OptionError(f"-o {output} and --format {job.format} do not agree; leave --format out, or change the name")


@contextmanager
def calling_it_stdin(held: Path | None) -> Iterator[None]:
    """Names stdin in an error, not the file that holds it meanwhile; None if the picture does not come from there."""
    from rednet.errors import RednetError

    try:
        yield
    except RednetError as error:
        if held is None:
            raise
        raise type(error)(called_stdin(str(error), held), option=error.option) from error


def called_stdin(words: str, held: Path | None) -> str:
    """Name stdin in words that name the file which holds it meanwhile."""
    return words if held is None else re.sub(re.escape(str(held)) + r"(\.\w+)?", "stdin", words)


def carry_out(task: FileTask, job: Job, name: str) -> None:
    """Reads, restores and writes a picture, and says what was found in what is called `name`."""
    task.load()
    if task.report.words:
        print(f"{name}: {task.report.words}", file=sys.stderr)
    if job.finds_scratches and not task.skipped:
        propose_scratches(task, fill=job.yes)
        proposed: Any = task.task
        task.task = replace(proposed, mask=place_of_scratches(task.source), find_scratches=False)  # as it lies there
    restorer = job.restorer()
    with progress_bar(task.source.name) as advance:
        task.restore(restorer, advance)
    task.save()


def show_plan(source: Path, target: Path, job: Job, called: Mapping[Path, str], *, as_json: bool) -> bool:
    """Says what would be done, with the names that the files are `called` by; False if it cannot."""
    from rednet.cli.display import print_plan
    from rednet.files.ledger import NoLedger
    from rednet.files.listing import Entry
    from rednet.files.many import Batch
    from rednet.files.preview import preview
    from rednet.images.writing import check_place

    check_place(target, overwrite=job.handling.saving.overwrite)
    restorer = job.restorer()
    (report,) = preview([Entry(source, target)], Batch(job.task_for, job.handling), restorer, NoLedger())
    report.input, report.output = called[source], called[target]
    report.error = report.error.replace(str(source), called[source])
    print_json([report]) if as_json else print_plan([report])
    return not report.error
