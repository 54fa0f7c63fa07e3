"""How a picture is saved: the options, light enough for the command line to load them before it has work."""

from __future__ import annotations

from dataclasses import dataclass

from rednet.values import check_settings, setting

__all__ = ["Saving"]


@dataclass(frozen=True, kw_only=True)
class Saving:
    """How a picture is saved.

    Args:
        quality: of lossy formats. Their colours are at full resolution (4:4:4), except in WebP, which cannot hold that.
        strip_metadata: drop EXIF, XMP, IPTC and text; the profile and the resolution stay.
        overwrite: replace an existing file.
        software: the text of the software tag; None leaves the tag as it is.

    Raises:
        OptionError: an option is outside its range.
    """

    quality: int = setting(int, 95, "Quality of the JPEG, WebP or AVIF that is written.", 1, 100, called="save_quality")
    strip_metadata: bool = setting(bool, False, "Drop EXIF, XMP, IPTC and text.")
    overwrite: bool = setting(bool, False, "Replace the output if it exists.", shapes=False, remote=False)
    software: str | None = None

    def __post_init__(self) -> None:
        check_settings(self)
