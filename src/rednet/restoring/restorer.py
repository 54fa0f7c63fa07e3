"""Restore a picture: every restoration goes through `Restorer.run` or `compute`.

It has two halves: the network computes a correction (`Restorer.compute`), and the correction is applied
(`Restoration.apply`). The first takes the network's time, the second none.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from rednet.classical.kernels import Kernel
from rednet.images import Picture, from_any
from rednet.network.hints import Facts
from rednet.progress import Progress, portion, silent
from rednet.restoring.correction import apply_correction
from rednet.restoring.finding import Finding
from rednet.restoring.network import Network
from rednet.restoring.options import Keywords, Options, read_keywords
from rednet.restoring.ranges import range_hint
from rednet.restoring.sampling import sampled
from rednet.restoring.signatures import same_kind_method
from rednet.restoring.stacks import take_apart
from rednet.restoring.tasks import Automatic, Deblur, Inpaint, Task, Told, Upscale
from rednet.tiling.budget import DEFAULT_TILE
from rednet.values import check_setting
from rednet.warning import warn
from rednet.zoo.shipped import MODELS_FOLDER, find_model

__all__ = ["DEFAULT_TILE", "LEFT", "MODELS_FOLDER", "Restoration", "Restorer", "find_model"]

Pixels = NDArray[np.float32]
USUAL = Options()
LEFT = "left as it is"


@dataclass(frozen=True)
class Restoration:
    """A correction, once computed: it can be applied at any strength and detail, without the network.

    Args:
        task: the task that was carried out.
        before: the picture as the task has prepared it.
        filled: the same, with its missing pixels filled.
        correction: (H, W, C), what is to be added to `filled`.
        found: what was found in the picture, with the hints that the network got.
    """

    task: Task
    before: Picture
    filled: Picture
    correction: Pixels
    found: Finding

    def apply(self, options: Options = USUAL) -> Picture:
        """Return the restored picture; options that the task does not have are ignored."""
        return apply_correction(self.filled, self.correction, self.task.fitting(options))


class Restorer(Network):
    """Restores pictures with one network; `engine`, `tile` and `bands` are as in `Network`.

    Example:
        >>> restorer = Restorer.from_pretrained("universal")
        >>> restorer.restore(np.zeros((40, 30), np.uint8), facts={"sigma": None}).shape
        (40, 30)
    """

    def run(
        self,
        task: Task,
        picture: Picture,
        options: Options = USUAL,
        *,
        path: Path | None = None,
        progress: Progress = silent,
    ) -> Picture:
        """Carry out a task on a picture.

        Args:
            task, picture, path, progress: see `compute`.
            options: all of them matter here.

        Returns:
            The restored picture.

        Raises:
            OptionError: the options do not suit the task, or the task the picture or the network.
        """
        task.check(options)
        return self.compute(task, picture, options, path=path, progress=progress).apply(options)

    def compute(
        self,
        task: Task,
        picture: Picture,
        options: Options = USUAL,
        *,
        path: Path | None = None,
        found: Finding | None = None,
        progress: Progress = silent,
    ) -> Restoration:
        """Run the network, and return a correction that can be applied at any strength and detail.

        Bands that are no colours go through the network one by one.

        Args:
            task: what is to be done.
            picture: the picture to restore.
            options: the options, of which only `self_ensemble` and `tileable` matter here.
            path: the file that the picture was read from, if any; a JPEG file tells its quality.
            found: the finding, with the hints for the network; None lets the task look at the picture.
            progress: called with the finished fraction, 0 to 1.
        """
        found = task.look(lambda: picture.pixels, path) if found is None else found
        before = task.prepare(picture, options)
        if found.left:
            return Restoration(task, before, before, np.zeros_like(before.pixels), found)
        filled = task.fill(self, before, found, options, portion(progress, 0, 2) if task.corrects else progress)
        parts, rest = filled.parts, progress if filled is before else portion(progress, 1, 2)
        corrections = [
            task.correct(self, part, found, options, portion(rest, number, len(parts)))
            if task.corrects
            else np.zeros_like(part.pixels)
            for number, part in enumerate(parts)
        ]
        correction = np.concatenate(corrections, axis=2)
        if filled is picture and not correction.any():
            return Restoration(task, before, filled, correction, found._replace(left=True, words=LEFT))
        return Restoration(task, before, filled, correction, found)

    @same_kind_method
    def restore_image(self, image: Any, task: Task, **keywords: Unpack[Keywords]) -> Any:
        """Carry out a task on an image.

        Args:
            image: an array (see `rednet.images.from_array`) or a torch tensor, of one picture or of several, see
                `rednet.restoring.stacks`; a PIL image; or the path of a file.
            task: what is to be done.
            keywords: see `rednet.restoring.options.Keywords`.

        Returns:
            The same kind as `image`: an array of its type and shape, a PIL image (of its mode, or of gray, RGB, either
            with transparency, for the modes 1, P, CMYK and the like); for a path, an array, (H, W) for gray. A
            picture that is better left as it is comes back as a copy.

        Raises:
            ImageError: not a picture. OptionError: an option is out of range. TypeError: there is no such option.
        """
        return self.restore_and_explain(image, task, **keywords)[0]

    def restore_and_explain(self, image: Any, task: Task, **keywords: Unpack[Keywords]) -> tuple[Any, Any]:
        """Carry out a task on an image, and say what was found and decided; arguments and errors as `restore_image`.

        Returns:
            The result of `restore_image`, and a `Finding`; of several pictures, a list of findings.
        """
        options, layout, progress = read_keywords(keywords)
        pictures, several, joined = take_apart(image, **layout, enlargement=task.enlargement)
        restored, found = [], []
        for number, picture in enumerate(pictures):
            one = self._restore_one(picture, task, options, portion(progress, number, len(pictures)))
            restored.append(one[0])
            found.append(one[1])
        return joined(restored), found if several else found[0]

    def _restore_one(self, image: Any, task: Task, options: Options, progress: Progress) -> tuple[Any, Finding]:
        """Carry out a task on one picture; see `restore_and_explain`."""
        picture, back = from_any(task.admit(image), options.range)
        path = Path(image) if isinstance(image, str | Path) else None
        task.check(options)
        restoration = self.compute(task, picture, options, path=path, progress=progress)
        seen = restoration.filled if task.fills else picture  # what stands in missing pixels does not matter
        if hint := range_hint(lambda: sampled(seen.pixels), picture.depth, picture.colours):
            warn(hint)
        if restoration.found.left and path is None:
            return copy(image), restoration.found
        return back(restoration.apply(options)), restoration.found

    @same_kind_method
    def restore(
        self,
        image: Any,
        *,
        facts: Facts | None = None,
        mask: Any = None,
        restore_known: bool = False,
        **keywords: Unpack[Keywords],
    ) -> Any:
        """Restore a picture.

        Args:
            image, keywords: see `restore_image`. With a mask, there is no detail, and strength weighs only the
                restoring after.
            facts: what is known of the damage, see `rednet.network.hints`: `{"sigma": 25.0}`, or `{"sigma": None}` if
                only the kind is known. None looks at the picture; `{}` lets the network find out.
            mask: (H, W), True where pixels are missing, whatever stands there; known pixels come back untouched. Or a
                picture, white where they are missing: the path of a file, or a PIL image.
            restore_known: with a mask, restore the whole picture once the missing pixels are filled.

        Returns:
            The same kind as `image`.
        """
        if mask is not None:
            task: Task = Inpaint(mask=mask, restore_known=restore_known, facts={} if facts is None else facts)
        else:
            task = Automatic() if facts is None else Told(facts)
        return self.restore_image(image, task, **keywords)

    @same_kind_method
    def upscale(self, image: Any, scale: int = 2, **keywords: Unpack[Keywords]) -> Any:
        """Enlarge a picture 2, 3 or 4 times; `image`, keywords and result are as in `restore_image`."""
        return self.restore_image(image, Upscale(scale=scale), **keywords)

    @same_kind_method
    def deblur(
        self,
        image: Any,
        kernel: Kernel | str | Path,
        sigma: float | None = None,
        *,
        steps: int | None = None,
        trust_kernel: bool = False,
        **keywords: Unpack[Keywords],
    ) -> Any:
        """Undo a known blur; `image`, keywords and result are as in `restore_image`.

        Args:
            kernel: (h, w) with odd sides, or words or a file, see `rednet.classical.kernels.load_kernel`.
            sigma: standard deviation of the noise, 0-255 scale; None estimates it.
            steps: number of turns of inverse and network after the first answer; None for the usual two.
            trust_kernel: keep the result even if it shows that the kernel does not fit; otherwise the picture is then
                left as it is.
        """
        sigma = check_setting(Deblur, "noise_sigma", sigma, called="sigma")
        return self.restore_image(
            image, Deblur(kernel=kernel, noise_sigma=sigma, steps=steps, trust_kernel=trust_kernel), **keywords
        )
