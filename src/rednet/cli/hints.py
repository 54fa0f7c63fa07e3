"""Verbs of the command line, and the flags of the options that the library's errors name."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from unicodedata import category

import typer
from typer.core import TyperCommand

from rednet.errors import ImageError, RednetError

__all__ = ["Flags", "Verb", "flags_of_this_verb", "hinted", "shown", "tell"]

CONTROLS = ("Cc", "Zl", "Zp")  # Unicode's categories of control characters and of what ends lines
Flags = Mapping[str, str]
"""A verb's flags by the names of options: max_megapixels -> --max-megapixels."""

_flags: ContextVar[Flags] = ContextVar("flags")


class Verb(TyperCommand):
    """A verb of the command line; errors that are no bugs become one line on stderr and exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run the verb."""
        flags = flags_among(flag for parameter in self.params for flag in parameter.opts)
        before = _flags.set(flags)
        try:
            with _one_line(flags):
                return super().invoke(ctx)
        finally:
            _flags.reset(before)


@contextmanager
def _one_line(flags: Flags) -> Iterator[None]:
    """Turn a RednetError, and what the system refuses (a full disk, say), into one line on stderr and exit code 1."""
    try:
        with _flushed_stdout():
            yield
    except RednetError as error:
        words = hinted(str(error), error.option, flags)
    except BrokenPipeError:  # the reader of stdout wants no more: typer ends without a word
        raise
    except OSError as error:
        words = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)
    else:
        return
    tell(words)
    raise typer.Exit(1)


@contextmanager
def _flushed_stdout() -> Iterator[None]:
    """Write out at the end what stdout holds, while an error can still be told; raise ImageError if this fails."""
    try:
        yield
    finally:
        try:
            if sys.stdout is not None:
                sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            sys.stdout = None  # else Python writes the rest at its end, and fails again
            raise ImageError(f"cannot write stdout: {error.strerror}") from error


def shown(words: str) -> str:
    """Return words with escapes in the place of control characters, which the name of a file may hold.

    Example:
        >>> shown("été\\n\\x1b[2J.png")
        'été\\\\n\\\\x1b[2J.png'
    """
    return "".join(c.encode("unicode_escape").decode() if category(c) in CONTROLS else c for c in words)


def tell(words: str) -> None:
    """Print words on stderr, in one line."""
    print(f"rednet: {shown(words)}", file=sys.stderr, flush=True)


def flags_among(flags: Iterable[str]) -> Flags:
    """Return the long flags among some, by the names of their options.

    Example:
        >>> flags_among(["-o", "--output", "--max-memory"])
        {'output': '--output', 'max_memory': '--max-memory'}
    """
    return {flag.removeprefix("--").replace("-", "_"): flag for flag in flags if flag.startswith("--")}


def flags_of_this_verb() -> Flags:
    """Return the flags of the running verb; call it in the verb's own thread."""
    return _flags.get({})


def hinted(message: str, option: str, flags: Flags) -> str:
    """Return an error's message with the flag that helps, if the verb has it.

    Example:
        >>> hinted("a.png has 600 megapixels", "max_megapixels", {"max_megapixels": "--max-megapixels"})
        'a.png has 600 megapixels (--max-megapixels)'
    """
    return f"{message} ({flags[option]})" if option in flags else message
