"""One picture from the command line, also from stdin and to stdout."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rednet.cli.command import Command
from rednet.cli.display import print_error, print_json, progress_bar, show_preview
from rednet.cli.hints import shown, tell
from rednet.cli.scratches import place_of_scratches, propose_scratches
from rednet.errors import OptionError, RednetError
from rednet.files.file import FileTask
from rednet.files.ledger import Ledger
from rednet.files.listing import Entry, output_name, same_file
from rednet.files.many import Batch
from rednet.files.preview import preview
from rednet.images import PictureFile
from rednet.images.formats import format_of
from rednet.images.reading import is_folder
from rednet.images.writing import check_apart, check_place, writing
from rednet.restoring.restorer import LEFT
from rednet.whole_files import sweep

__all__ = ["restore_one"]

STREAM = Path("-")
STDOUT = "stdout"  # its name in messages


def restore_one(asked: Command) -> bool:
    """Restore one picture, and say what was written; return False if it failed."""
    (picture,), output, handling = asked.pictures, asked.output, asked.handling
    to_stdout = output == STREAM or (picture == STREAM and output is None)
    if to_stdout and asked.as_json:
        raise OptionError("stdout holds the picture; leave --json out, or give -o FILE")
    if to_stdout and handling.skip_clean:
        raise OptionError("of a clean picture, stdout would hold nothing; leave --skip-clean out, or give -o FILE")
    if asked.finds_scratches and picture == STREAM:
        raise OptionError("--find-scratches writes its mask beside the picture, and stdin has no such place")
    with ExitStack() as stack:
        source, name, held = picture, str(picture), None
        aside = Path(stack.enter_context(tempfile.TemporaryDirectory())) if STREAM in (picture, output) else Path()
        if picture == STREAM:
            if sys.stdin is None:
                raise OptionError("stdin is closed; give a file, or a picture through stdin")
            name, held = "stdin", aside / "stdin"
            with writing(held), held.open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file)
            with _calling_it_stdin(held):
                ending = PictureFile(held, max_megapixels=handling.max_megapixels).ending
            source = held.rename(held.with_suffix(ending))
        named = source.with_name(output_name(source, suffix=asked.suffix_beside, format=asked.format))
        target = aside / named.name if to_stdout else output or named
        if output is not None and is_folder(target):
            target = target / output_name(source, suffix=asked.suffix or "", format=asked.format)
        elif output is not None and not to_stdout:
            _check_name(output, asked)
        if target != output and same_file(target, source):
            raise OptionError(f"{name} would be written over itself; give another folder, or a suffix")
        mask = place_of_scratches(source) if asked.finds_scratches else None
        check_apart(target, handling.show_removed, handling.uncertainty, mask)
        if asked.dry_run:
            check_place(target, overwrite=handling.saving.overwrite)
            batch = Batch(asked.task_for, handling)
            (report,) = preview([Entry(source, target)], batch, asked.restorer(), Ledger())
            report.input, report.output = name, STDOUT if to_stdout else str(target)
            report.error = report.error.replace(str(source), name)
            return show_preview([report], as_json=asked.as_json)
        sweep(target.parent)
        task = FileTask(source, target, asked.task_for(source), handling)
        stack.callback(task.close)
        report = task.report
        report.input = name
        try:
            with _calling_it_stdin(held):
                _carry_out(task, asked, name)
        except RednetError as error:
            if not asked.as_json:
                raise
            print_error(str(error), error.option)
            report.fail(error)
        for sentence in report.warnings:
            tell(report.named(_called_stdin(sentence, held)))
        if to_stdout:
            with target.open("rb") as file, writing(Path(STDOUT)):
                shutil.copyfileobj(file, sys.stdout.buffer)
        if asked.as_json:
            print_json([report])
        elif not task.skipped:
            done = f"{LEFT}, " if report.status == LEFT else ""
            line = f"{STDOUT if to_stdout else target}: {done}{report.width}x{report.height} px, {report.seconds:.1f} s"
            print(shown(line), file=sys.stderr if to_stdout else sys.stdout)
    return not report.error


def _check_name(output: Path, asked: Command) -> None:
    """Raise OptionError unless the name of the output file and the options about names agree."""
    if asked.suffix or asked.recursive:
        raise OptionError(f"-o {output} names one file; leave --suffix and --recursive out, or give -o a folder")
    if asked.format and format_of(output.suffix) != format_of(f".{asked.format.lstrip('.')}"):
        raise OptionError(
            f"-o {output} and --format {asked.format} do not agree; leave --format out, or change the name"
        )


@contextmanager
def _calling_it_stdin(held: Path | None) -> Iterator[None]:
    """Name stdin in errors instead of the file that holds its content; None if the picture does not come from stdin."""
    try:
        yield
    except RednetError as error:
        if held is None:
            raise
        raise type(error)(_called_stdin(str(error), held), option=error.option) from error


def _called_stdin(words: str, held: Path | None) -> str:
    """Return words with stdin in the place of the file that holds its content."""
    return words if held is None else re.sub(re.escape(str(held)) + r"(\.\w+)?", "stdin", words)


def _carry_out(task: FileTask, asked: Command, name: str) -> None:
    """Read, restore and write a picture, and say what was found in it; messages call it `name`."""
    task.load()
    if task.report.words:
        print(shown(f"{name}: {task.report.words}"), file=sys.stderr)
    if asked.finds_scratches and not task.skipped:
        propose_scratches(task, fill=asked.yes)
        proposed: Any = task.task
        task.task = replace(proposed, mask=place_of_scratches(task.source), find_scratches=False)  # as it lies there
    restorer = asked.restorer()
    with progress_bar(task.source.name) as advance:
        task.restore(restorer, advance)
    task.save()
