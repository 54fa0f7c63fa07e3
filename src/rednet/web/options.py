"""What a request asks for: checked, and turned into a plan and the handling of files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rednet.classical.kernels import load_kernel, parse_kernel
from rednet.classical.masks import Mask
from rednet.errors import OptionError
from rednet.files.file import Handling
from rednet.images import Picture
from rednet.images.colour import parse_range
from rednet.images.encoding import Saving
from rednet.restoring.tasks import (
    Plan,
    automatic,
    deblocking,
    deblurring,
    denoising,
    enlarging,
    filling,
    mask_of,
    mask_of_alpha,
    mask_of_colour,
    mask_of_scratches,
)
from rednet.web.limits import Limits

__all__ = ["RestoreOptions", "read_options"]

Task = Literal["auto", "denoise", "dejpeg", "upscale", "deblur", "inpaint"]
OWN = {
    "denoise": ("sigma", "quality"),
    "dejpeg": ("quality", "sigma"),
    "upscale": ("scale",),
    "deblur": ("kernel", "noise_sigma", "steps"),
    "inpaint": ("mask_color", "tolerance", "mask_alpha", "find_scratches", "restore_known"),
}


class RestoreOptions(BaseModel):
    """The options of a restoration; they mean what they mean on the command line."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    task: Annotated[Task, Field(description="auto looks at the picture and decides.")] = "auto"
    sigma: Annotated[float | None, Field(ge=0, le=255, description="denoise, dejpeg: of the noise, 0-255.")] = None
    quality: Annotated[int | None, Field(ge=1, le=100, description="dejpeg, denoise: else a JPEG file tells.")] = None
    scale: Annotated[int, Field(ge=2, le=4, description="upscale: how many times wider and higher.")] = 2
    kernel: Annotated[
        str | None,
        Field(max_length=60, description="deblur: disk:RADIUS, gaussian:SIGMA or motion:LENGTH,ANGLE.",
              examples=["disk:3"]),
    ] = None  # fmt: skip
    noise_sigma: Annotated[float | None, Field(ge=0, le=255, description="deblur: of the noise, if known.")] = None
    steps: Annotated[
        int | None,
        Field(ge=0, le=32, description="deblur: turns of inverse and network after the first answer; else 2."),
    ] = None
    mask_color: Annotated[
        str | None,
        Field(max_length=7, description="inpaint: what is painted in it is missing.", examples=["#ff0000"]),
    ] = None
    tolerance: Annotated[float, Field(ge=0, le=255, description="inpaint: how far the colour may be off.")] = 0.0
    mask_alpha: Annotated[bool, Field(description="inpaint: what is transparent is missing.")] = False
    find_scratches: Annotated[bool, Field(description="inpaint: look for scratches, and fill them.")] = False
    restore_known: Annotated[bool, Field(description="inpaint: restore the other pixels, too.")] = False
    strength: Annotated[float, Field(ge=0, le=1.5, description="Share of the correction to apply.")] = 1.0
    detail: Annotated[float, Field(ge=0, le=1, description="Fine structure to give back.")] = 0.0
    self_ensemble: Annotated[bool, Field(description="Mean over 8 orientations; 8 times slower.")] = False
    range: Annotated[
        str | None,
        Field(max_length=60, description="Black and white of a file of floats; else 0,1.", examples=["0,4095"]),
    ] = None
    format: Annotated[
        Literal["jpg", "png", "tif", "webp", "avif"] | None, Field(description="If left out, as the picture.")
    ] = None
    save_quality: Annotated[int, Field(ge=1, le=100, description="Of a JPEG, WebP or AVIF that is written.")] = 95
    strip_metadata: Annotated[bool, Field(description="Drop EXIF, XMP, IPTC and text.")] = False
    wait: Annotated[
        bool | None, Field(description="Answer with the picture (true) or a job (false); else by its size.")
    ] = None

    def plan(self, mask: Path | None = None, kernel: Path | None = None) -> Plan:
        """Makes the plan.

        Args:
            mask: a picture, white where pixels are missing.
            kernel: a picture of the kernel, or a .npy file.

        Raises:
            OptionError, ImageError: something is missing, does not belong to the task, or cannot be read.
        """
        for task, names in OWN.items():
            strange = sorted(self.model_fields_set.intersection(names).difference(OWN.get(self.task, ())))
            if strange:
                raise OptionError(f"{strange[0]} belongs to the task {task}, and the task is {self.task}")
        if self.task != "inpaint" and mask is not None:
            raise OptionError(f"a mask belongs to the task inpaint, and the task is {self.task}")
        if self.task != "deblur" and kernel is not None:
            raise OptionError(f"a kernel belongs to the task deblur, and the task is {self.task}")
        if self.task == "denoise":
            return denoising(self.sigma, self.quality)
        if self.task == "dejpeg":
            return deblocking(self.quality, self.sigma)
        if self.task == "upscale":
            return enlarging(self.scale)
        if self.task == "deblur":
            if (self.kernel is None) == (kernel is None):
                raise OptionError("say what the blur is: one of kernel (in words) and kernel_file")
            shape = load_kernel(str(kernel)) if kernel is not None else parse_kernel(self.kernel or "")
            return deblurring(shape, self.noise_sigma, self.steps)
        if self.task == "inpaint":
            return filling(self.missing(mask), self.restore_known)
        return automatic()

    def missing(self, mask: Path | None) -> Callable[[Picture], Mask]:
        """Gives what tells the missing pixels, see `filling`."""
        sources: list[Callable[[Picture], Mask]] = []
        if mask is not None:
            sources.append(mask_of(mask))
        if self.mask_color is not None:
            sources.append(mask_of_colour(self.mask_color, self.tolerance))
        if self.mask_alpha:
            sources.append(mask_of_alpha)
        if self.find_scratches:
            sources.append(mask_of_scratches)
        if len(sources) != 1:
            raise OptionError("say what is missing: one of mask (a picture), mask_color, mask_alpha, find_scratches")
        return sources[0]

    def handling(self, limits: Limits, software: str) -> Handling:
        """Gives how the files are handled; raises OptionError if the range is none."""
        return Handling(
            strength=self.strength,
            self_ensemble=self.self_ensemble,
            detail=self.detail,
            saving=Saving(self.save_quality, overwrite=True, strip_metadata=self.strip_metadata, software=software),
            value_range=None if self.range is None else parse_range(self.range),
            max_megapixels=limits.max_megapixels,
        )


def read_options(fields: Mapping[str, str]) -> RestoreOptions:
    """Checks the fields of a form or of a query; an empty one counts as left out.

    Raises:
        OptionError: a field is unknown, or its value is no such value.
    """
    try:
        return RestoreOptions.model_validate({name: value for name, value in fields.items() if value != ""})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            raise OptionError(
                f"there is no option {name!r}; the options are {', '.join(RestoreOptions.model_fields)}"
            ) from None
        raise OptionError(f"{name} is {first['input']!r}; {first['msg'][:1].lower()}{first['msg'][1:]}") from None
