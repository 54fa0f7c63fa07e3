"""How files are handled: the options, light enough for the command line to load them before it has work."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rednet.images.formats import MAX_MEGAPIXELS
from rednet.images.saving import Saving
from rednet.restoring.options import Options
from rednet.values import check_settings, parse_bytes, setting

__all__ = ["Handling"]


@dataclass(frozen=True, kw_only=True)
class Handling:
    """How files are handled; an option that shapes an output is part of the ledger's fingerprint.

    Args:
        options: of the restoration.
        saving: how the result is saved.
        max_megapixels: the limit of the picture and of its result.
        max_memory: bytes.
    """

    options: Options = field(default_factory=Options)
    saving: Saving = field(default_factory=Saving)
    show_removed: Path | None = setting(
        Path, None, "Also write a picture of what was removed, to this file.", shapes=False
    )
    uncertainty: Path | None = setting(
        Path, None, "Also write a picture of where 8 orientations differ, to this file.", shapes=False
    )
    skip_clean: bool = setting(bool, False, "Write no output for pictures that are clean already.", remote=False)
    max_megapixels: float = setting(float, MAX_MEGAPIXELS, "Refuse larger pictures.", shapes=False, remote=False)
    max_memory: int | None = setting(
        str, None, "Memory to use, as in 1G; if left out, half of what is free.", parse=parse_bytes, metavar="SIZE",
        shapes=False, remote=False,
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_settings(self)
