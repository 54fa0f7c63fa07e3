"""Adds RED-Net to the registry of spandrel, from which other programs (ComfyUI, chaiNNer) load networks.

spandrel hands over the weights alone, without `config.json`; so the shape is read from the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rednet.errors import OptionError
from rednet.network.architecture import PLANES_PER_HINT, STEP, REDNetConfig

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["register", "shape_of"]

# Planes of the residual -> (channels, stride).
ENDS = {channels * stride**2: (channels, stride) for channels in (1, 3) for stride in (1, 2, 3, 4)}


def register(spandrel: Any) -> None:
    """Let spandrel load RED-Nets from now on; a second call changes nothing.

    The network is told nothing of the damage, and restores pictures of the size that they have.

    Args:
        spandrel: the module.
    """

    class Architecture(spandrel.Architecture):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(id="REDNet", name="RED-Net", detect=lambda weights: shape_of(weights) is not None)

        def load(self, weights: dict[str, Tensor]) -> Any:
            from rednet.network.model import REDNet

            config = shape_of(weights)
            if config is None:
                raise OptionError("these weights are not those of a RED-Net; choose another architecture")
            return spandrel.ImageModelDescriptor(
                REDNet(config),
                weights,
                architecture=self,
                purpose="Restoration",
                tags=[f"{config.depth} layers", f"width {config.width}"],
                supports_half=True,
                supports_bfloat16=True,
                scale=1,
                input_channels=config.channels,
                output_channels=config.channels,
            )

    spandrel.MAIN_REGISTRY.add(spandrel.ArchSupport.from_architecture(Architecture()), ignore_duplicates=True)


def shape_of(weights: Mapping[str, Any]) -> REDNetConfig | None:
    """Return the shape of the network to which weights belong; None if they are not those of a RED-Net.

    The names of mask and hints are not in the weights: planes beside the picture are only counted, and can only be told
    nothing. Skips have no weights; the network is taken to have them.

    Args:
        weights: name -> tensor or array.
    """
    shapes = {name: tuple(getattr(tensor, "shape", ())) for name, tensor in weights.items()}
    half = sum(name.startswith("encoder.") and name.endswith(".weight") for name in shapes)
    try:
        encoder = [shapes[f"encoder.{number}.weight"] for number in range(half)]
        channels, stride = ENDS[shapes[f"decoder.{half - 1}.bias"][0]]
        levels = [[encoder[0][0], 0]]
        for shape in encoder:
            if shape[2] == STEP:
                levels.append([shape[0], 0])
            else:
                levels[-1][1] += 1
        besides = encoder[0][1] - channels * stride**2
        mask = besides % PLANES_PER_HINT > 0
        hints = (besides - mask * stride**2) // PLANES_PER_HINT
        config = REDNetConfig(
            channels=channels, stride=stride, mask=mask, hints=tuple(f"hint {number}" for number in range(hints)),
            levels=tuple((width, count) for width, count in levels),
        )  # fmt: skip
    except (LookupError, OptionError):
        return None
    return config if config.tensors == shapes else None
