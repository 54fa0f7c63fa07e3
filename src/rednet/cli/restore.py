"""`rednet restore`: look at the picture, say what is wrong, repair it."""

from __future__ import annotations

import sys
from pathlib import Path

from rednet.cli.picture import Work, restoring_verb

__all__ = ["restore"]


@restoring_verb
def restore(picture: Path) -> Work:
    """Look at a picture, say what is wrong with it, and restore it."""

    def work(restorer, image, options):  # type: ignore[no-untyped-def]
        from rednet.inference.inspect import describe, find_facts

        facts = find_facts(image.pixels, picture)
        print(f"{picture}: {describe(facts)}", file=sys.stderr)
        return restorer.restore_picture(image, facts, **options)

    return work
