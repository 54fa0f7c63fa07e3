"""The methods that can be measured: our networks and the classical methods.

A method is a function from a degraded picture, with the facts about the damage, to the restored picture.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rednet.degradations import Degraded
from rednet.errors import OptionError
from rednet.evaluation.baselines import BASELINES
from rednet.images import Picture
from rednet.restoring.options import Options
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Deblur, Inpaint, Task, Told

__all__ = ["Method", "Telling", "find_method", "network"]

Image = NDArray[np.float32]
Method = Callable[[Degraded], Image]
Telling = Literal["level", "task", "nothing"]

PREFIX = "baseline:"


def network(
    restorer: Restorer, *, told: Telling = "task", self_ensemble: bool = False, steps: int | None = None
) -> Method:
    """Return a method that runs a network.

    Args:
        restorer: runs the network.
        told: hints for the network: the task and its level, the task only, or nothing. Deblurring always gets the level
            of the noise, since the deconvolution needs it.
        self_ensemble: average over 8 orientations.
        steps: of deblurring, see `Deblur`. A network without the hint `deconvolved`, such as the paper's, reads the
            blurred picture itself, without deconvolution.
    """

    options = Options(self_ensemble=self_ensemble)

    def restore(degraded: Degraded) -> Image:
        y, facts, mask, kernel = degraded[:4]
        known = facts if told == "level" else dict.fromkeys(facts) if told == "task" else {}
        task: Task = Told(known)
        if kernel is not None and "deconvolved" in restorer.engine.config.hints:
            task = Deblur(kernel=kernel, noise_sigma=facts["sigma"] or 0.0, steps=steps, trust_kernel=True)
        elif mask is not None:
            task = Inpaint(mask=mask, facts=known)
        return restorer.run(task, Picture(y, None, "float32"), options).pixels

    return restore


def find_method(
    name: str, *, engine: str = "ncnn", told: Telling = "task", self_ensemble: bool = False, steps: int | None = None
) -> Method:
    """Return a method by name.

    Args:
        name: a shipped model, a model folder, or "baseline:NAME".
        engine: name of the engine, see `load_engine`.
        told, self_ensemble, steps: see `network`.

    Raises:
        OptionError: the baseline is unknown. ModelError, EngineError: see `Restorer.from_pretrained`.
    """
    if not name.startswith(PREFIX):
        restorer = Restorer.from_pretrained(name, engine=engine)
        return network(restorer, told=told, self_ensemble=self_ensemble, steps=steps)
    baseline = name.removeprefix(PREFIX)
    if baseline not in BASELINES:
        raise OptionError(f"there is no baseline {baseline}; the baselines are: {', '.join(BASELINES)}")
    return BASELINES[baseline]
