"""Degraded y -> restored x_hat: one frozen dataclass a task, the mirror of `rednet.degradations`.

A task decides which facts the network gets as hints, and what is done before the network runs. Each restoration, from
Python, the command line, a folder, the service or the page, is one such object, given to `Restorer.run`. The fields of
a task are its options: Python's keywords, the command line's flags and HTTP's fields are made of them. This module is
quick to load: heavy modules are imported when a task is carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rednet.errors import OptionError
from rednet.network.hints import HINTS, Facts, check_facts
from rednet.restoring.task import Task, as_finding
from rednet.values import setting
from rednet.warning import warn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rednet.classical.kernels import Kernel
    from rednet.classical.masks import Mask
    from rednet.images import Picture
    from rednet.progress import Progress
    from rednet.restoring.finding import Finding
    from rednet.restoring.network import Network
    from rednet.restoring.options import Options

    Pixels = NDArray[np.float32]

__all__ = ["TASKS", "Automatic", "Deblur", "Dejpeg", "Denoise", "Inpaint", "Task", "Told", "Upscale"]

SIGMA, QUALITY = ((hint.lowest, hint.highest) for hint in (HINTS["sigma"], HINTS["quality"]))
STEPS, MAX_STEPS = 2, 32
NO_STRENGTH = (
    "strength weighs a correction, and what is filled in is none: leave it out, or restore the known pixels, too"
)


def _fill_impulses(network: Network, picture: Picture, options: Options, progress: Progress) -> Picture:
    """Fill single pixels that have nothing to do with those around them; what stands there says nothing."""
    from rednet.restoring.holes import fill_picture
    from rednet.restoring.impulses import find_impulses

    lost = find_impulses(picture.pixels, repeats=options.tileable)
    return fill_picture(network, picture, {}, lost, options, progress)


def _correct_stripes(
    network: Network, picture: Picture, found: Finding, options: Options, progress: Progress
) -> Pixels:
    """Remove stripes, and restore what is left."""
    from rednet.restoring.stripes import find_stripes

    stripes = find_stripes(picture.pixels)
    if found.repair_only:
        return -stripes
    rest = replace(picture, pixels=picture.pixels - stripes)
    return found.kept(network.correct(rest, found.facts, options, progress)) - stripes


@dataclass(frozen=True, kw_only=True)
class Automatic(Task):
    """Find out what is wrong with a picture, or with those of a folder, and restore it."""

    name, verb, ending = "auto", "restore", "-restored"
    model = "real"
    always: bool = setting(bool, False, "Restore pictures that would be left as they are, too.")

    def look(self, sample: Callable[[], Pixels], path: Path | None) -> Finding:
        from rednet.restoring.inspection import inspect

        return inspect(sample(), path, always=self.always)

    @property
    def local(self) -> bool:
        return True  # but for what may be found: see `needs_whole`

    @property
    def fills(self) -> bool:
        return False

    def needs_whole(self, found: Finding) -> bool:
        return not found.left and bool({"impulses", "bands"} & set(found.damage))

    def fill(self, network: Network, picture: Picture, found: Finding, options: Options, progress: Progress) -> Picture:
        """Fill the impulses, if there are any and the network can."""
        if "impulses" not in found.damage:
            return picture
        if not network.engine.config.mask:
            warn("single wrong pixels are not filled, since this network takes no mask; choose one that does")
            return picture
        return _fill_impulses(network, picture, options, progress)

    def correct(
        self, network: Network, picture: Picture, found: Finding, options: Options, progress: Progress
    ) -> Pixels:
        if "bands" in found.damage:
            return _correct_stripes(network, picture, found, options, progress)
        if found.repair_only and network.engine.config.mask:  # without, wrong pixels are not filled: it may lessen them
            return picture.pixels * 0
        return super().correct(network, picture, found, options, progress)


@dataclass(frozen=True)
class Told(Task):
    """Give the network known facts as hints: `Told({"sigma": 25.0})`; with `{}` it gets none.

    Args:
        facts: see `rednet.network.hints`.
    """

    facts: Facts

    def __post_init__(self) -> None:
        check_facts(self.facts)

    def look(self, sample: Callable[[], Pixels], path: Path | None) -> Finding:
        return as_finding(self.facts)


@dataclass(frozen=True, kw_only=True)
class Denoise(Task):
    """Remove noise from a picture, or from those of a folder."""

    name, ending = "denoise", "-denoised"
    model = "real"  # 2.8 dB better in a camera's noise, 0.04 to 0.27 dB worse in white noise
    sigma: float | None = setting(float, None, "Standard deviation of the noise, 0-255 scale, if known.", *SIGMA)
    quality: float | None = setting(
        float, None, "Quality of the JPEG, if the noisy picture was saved as one; read from JPEG files.", *QUALITY
    )
    impulse: bool = setting(bool, False, "Fill hot pixels, salt and pepper first; details of one pixel go, too.")
    bands: bool = setting(bool, False, "Remove stripes first: rows and columns that are a little too bright or dark.")
    chroma: bool = setting(bool, False, "Remove the noise of colours only; the brightness stays as it is.")

    @property
    def fills(self) -> bool:
        return self.impulse

    @property
    def local(self) -> bool:
        return not (self.impulse or self.bands)

    def look(self, sample: Callable[[], Pixels], path: Path | None) -> Finding:
        from rednet.restoring.contradictions import check_sigma
        from rednet.restoring.inspection import inspect
        from rednet.restoring.jpeg_traces import jpeg_facts

        y = sample()
        if not self.chroma:
            check_sigma(inspect(y, path), self.sigma)
        elif (y == y[:, :, :1]).all():
            warn("chroma corrects colours only, and the picture has none: it stays as it is; leave chroma out")
        facts = {"sigma": self.sigma, **jpeg_facts(self.quality, path)}
        return as_finding(facts)._replace(colours_only=self.chroma)

    def fill(self, network: Network, picture: Picture, found: Finding, options: Options, progress: Progress) -> Picture:
        """Fill the impulses, if asked for."""
        return _fill_impulses(network, picture, options, progress) if self.impulse else picture

    def correct(
        self, network: Network, picture: Picture, found: Finding, options: Options, progress: Progress
    ) -> Pixels:
        if not self.bands:
            return super().correct(network, picture, found, options, progress)
        return _correct_stripes(network, picture, found, options, progress)


@dataclass(frozen=True, kw_only=True)
class Dejpeg(Task):
    """Remove JPEG blocks and rings from a picture, or from those of a folder."""

    name, ending = "dejpeg", "-dejpegged"
    quality: float | None = setting(
        float, None, "Quality at which the picture was compressed; read from JPEG files.", *QUALITY
    )
    sigma: float | None = setting(
        float, None, "Standard deviation of the noise under the JPEG, 0-255 scale, if there is any.", *SIGMA
    )

    def look(self, sample: Callable[[], Pixels], path: Path | None) -> Finding:
        from rednet.restoring.contradictions import check_quality, check_sigma
        from rednet.restoring.inspection import inspect
        from rednet.restoring.jpeg_traces import jpeg_facts

        found = inspect(sample(), path)
        check_quality(found, self.quality)
        if self.sigma is not None:
            check_sigma(found, self.sigma)
        known = {"quality": None, **jpeg_facts(self.quality, path)}
        return as_finding(known if self.sigma is None else {**known, "sigma": self.sigma})


@dataclass(frozen=True, kw_only=True)
class Upscale(Task):
    """Enlarge a picture, or those of a folder, 2, 3 or 4 times."""

    name = "upscale"
    scale: int = setting(int, 2, "How many times wider and higher.", 2, 4)

    @property
    def suffix(self) -> str:
        return f"-x{self.scale}"

    @property
    def enlargement(self) -> int:
        return self.scale

    def look(self, sample: Callable[[], Pixels], path: Path | None) -> Finding:
        from rednet.restoring.contradictions import check_enlarging
        from rednet.restoring.inspection import inspect

        check_enlarging(inspect(sample(), path))
        return as_finding({"scale": float(self.scale)})

    def prepare(self, picture: Picture, options: Options) -> Picture:
        """Enlarge the picture by bicubic interpolation; the network sharpens what that blurs."""
        from rednet.restoring.correction import enlarge

        return enlarge(picture, self.scale, repeats=options.tileable)


@dataclass(frozen=True, kw_only=True)
class Deblur(Task):
    """Undo a blur whose kernel is known."""

    name, ending = "deblur", "-deblurred"
    kernel: Kernel | str | Path = setting(
        str,
        MISSING,
        "disk:RADIUS, gaussian:SIGMA, motion:LENGTH,ANGLE, or a .png or .npy file.",
        upload="kernel_file",
        example="disk:3",
    )
    noise_sigma: float | None = setting(
        float, None, "Standard deviation of the noise, 0-255 scale; if left out, estimated.", *SIGMA
    )
    steps: int | None = setting(
        int, None, f"Rounds of deconvolution and network after the first result; if left out, {STEPS}.", 0, MAX_STEPS
    )
    trust_kernel: bool = setting(bool, False, "Keep the result even if the kernel does not seem to fit.")

    @property
    def floats(self) -> tuple[int, int]:
        return 12, 10  # 20 were measured for gray and 41 for RGB, of dark pictures with a kernel of 11 px

    @classmethod
    def from_afar(cls, given: Mapping[str, Any]) -> Task:
        """Make the task; a text is a kernel in words, never the name of a file."""
        from rednet.classical.kernels import parse_kernel

        if "kernel" not in given:
            raise OptionError("say what the blur is: one of kernel (in words) and kernel_file")
        kernel = given["kernel"]
        return cls(**{**given, "kernel": parse_kernel(kernel) if isinstance(kernel, str) else kernel})

    def check(self, options: Options) -> None:
        super().check(options)
        self.loaded_kernel()

    def look(self, sample: Callable[[], Pixels], path: Path | None) -> Finding:
        from rednet.restoring.jpeg_traces import find_blocks, jpeg_facts

        return as_finding(jpeg_facts(find_blocks(sample()).quality, path))

    def loaded_kernel(self) -> Kernel:
        """Return the kernel as an array."""
        from rednet.classical.kernels import check_kernel, load_kernel
        from rednet.restoring.stacks import as_array

        return load_kernel(self.kernel) if isinstance(self.kernel, str | Path) else check_kernel(as_array(self.kernel))

    def correct(
        self, network: Network, picture: Picture, found: Finding, options: Options, progress: Progress
    ) -> Pixels:
        from rednet.restoring.deblur import correct_blur

        turns = STEPS if self.steps is None else self.steps
        kernel = self.loaded_kernel()
        return correct_blur(
            network, picture, kernel, self.noise_sigma, turns, self.trust_kernel, options, progress,
            quality=found.facts.get("quality"),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Inpaint(Task):
    """Fill missing pixels; all others stay unchanged, bit for bit in a lossless format.

    One of four options marks the missing pixels: `mask` (an array of (H, W), True there; a picture, white there, as a
    path or an image of PIL; or a function of the picture), `mask_color`, `mask_alpha` or `find_scratches`. The network
    gets `facts` as hints.
    """

    name, ending = "inpaint", "-inpainted"
    detail = False
    mask: Any = setting(
        Path,
        None,
        "Picture of the same size, white where pixels are missing; or a folder with a mask for each picture, in the "
        "same tree, of the same name or with .png.",
        upload="mask",
    )
    mask_color: str | None = setting(str, None, "Fill pixels of this colour, such as '#ff0000'.", example="#ff0000")
    tolerance: float = setting(float, 0.0, "How far a pixel may differ from the colour of the mask, 0-255.", 0, 255)
    mask_alpha: bool = setting(bool, False, "Fill transparent pixels.")
    find_scratches: bool = setting(bool, False, "Find scratches, and fill them.")
    restore_known: bool = setting(bool, False, "Restore the other pixels, too.")
    facts: Facts = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_facts(self.facts)
        given = [self.mask is not None, self.mask_color is not None, self.mask_alpha, self.find_scratches]
        if sum(given) != 1:
            raise OptionError("say what is missing: one of mask, mask_color, mask_alpha, find_scratches")

    @property
    def opaque(self) -> bool:
        """Whether transparent pixels are the missing ones, so that the result is opaque."""
        return self.mask_alpha

    @property
    def corrects(self) -> bool:
        return self.restore_known

    def check(self, options: Options) -> None:
        super().check(options)
        if options.strength != 1 and not self.restore_known:
            raise OptionError(NO_STRENGTH)

    def fitting(self, options: Options) -> Options:
        """Return options without `detail`, and without `strength` if known pixels are not restored."""
        fitting = super().fitting(options)
        return fitting if self.restore_known else replace(fitting, strength=1.0)

    def admit(self, image: Any) -> Any:
        """Put 0 into missing pixels of an array, since they may be NaN."""
        from rednet.restoring.missing import without_junk

        return without_junk(image, self.mask)

    def look(self, sample: Callable[[], Pixels], path: Path | None) -> Finding:
        return as_finding(self.facts)

    def missing(self, picture: Picture) -> Mask | Any:
        """Return which pixels are missing, (H, W), True there."""
        from rednet.restoring import missing

        if self.mask is not None:
            return self.mask(picture) if callable(self.mask) else missing.mask_of(self.mask, picture.pixels.shape)
        if self.mask_color is not None:
            return missing.mask_of_colour(picture, self.mask_color, self.tolerance)
        return missing.mask_of_alpha(picture) if self.mask_alpha else missing.mask_of_scratches(picture)

    def fill(self, network: Network, picture: Picture, found: Finding, options: Options, progress: Progress) -> Picture:
        """Fill the missing pixels; if transparent pixels were filled, the result is opaque."""
        from rednet.restoring.holes import fill_picture

        y = replace(picture, alpha=None) if self.opaque else picture
        return fill_picture(network, y, self.facts, self.missing(picture), options, progress)


TASKS: dict[str, type[Task]] = {
    kind.name: kind for kind in (Automatic, Denoise, Dejpeg, Upscale, Deblur, Inpaint)
}  # by name; whoever adds one before the command line and the service are loaded finds it there
