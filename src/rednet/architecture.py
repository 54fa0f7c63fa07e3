"""The shape of a RED-Net, without its weights and without torch: what training, export and every engine agree on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from rednet.errors import OptionError

__all__ = ["PLANES_PER_HINT", "STEP", "LayerShape", "REDNetConfig", "round_up"]

Kind = Literal["conv", "deconv", "down", "up"]

PLANES_PER_HINT = 2  # "this is told" and "how strong"
STEP = 2  # sampling from one level to the next


class LayerShape(NamedTuple):
    """One layer of the network.

    Args:
        name: of its weights: "encoder.0", "decoder.3".
        kind: "conv" and "deconv" are 3x3 and keep the sampling; "down" is a 2x2 convolution of stride 2, "up" a 2x2
            deconvolution of stride 2.
        inputs, outputs: channels.
        sampling: px a side of one sample of its output.
        skip: number, from 0, of the earlier layer whose activation is added to its output; None for none.
    """

    name: str
    kind: Kind
    inputs: int
    outputs: int
    sampling: int
    skip: int | None = None

    @property
    def weight(self) -> tuple[int, int, int, int]:
        """Shape of its weight, as torch keeps it; that of its bias is (outputs,)."""
        side = 3 if self.kind in ("conv", "deconv") else STEP
        forward = self.kind in ("conv", "down")
        return (*((self.outputs, self.inputs) if forward else (self.inputs, self.outputs)), side, side)


@dataclass(frozen=True)
class REDNetConfig:
    """The shape of a RED-Net.

    Args:
        depth: 3x3 convolutions + deconvolutions; even, at least 4.
        width: channels of every hidden layer.
        channels: channels of the picture, 1 (gray) or 3 (RGB).
        stride: sampling of the first and last layer, 1 to 4; 1 is the paper's main network.
        skips: sum encoder layers into their mirror decoder layers.
        mask: take a mask of missing pixels beside the picture.
        hints: names of what can be told about the damage; each is two constant planes (see `rednet.hints`).
        levels: (width, 3x3 layers a side) at each sampling: the first at `stride`, each further one at twice the
            sampling of the one before, behind a convolution that samples down and before a deconvolution that samples
            up. `depth` and `width` then follow from it. Empty for the paper's network, which has one level.

    Raises:
        OptionError: a field is outside its range.

    Deviation: the paper's RED10 has no skips; here depth and skips are independent, and `paper(10)` gives the paper's.
    Several levels carry on what section 3 of the paper says of down-sampling in early convolutions.
    """

    depth: int = 30
    width: int = 64
    channels: int = 1
    stride: int = 1
    skips: bool = True
    mask: bool = False
    hints: tuple[str, ...] = ()
    levels: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "hints", tuple(self.hints))  # JSON has lists only
        object.__setattr__(self, "levels", tuple((width, count) for width, count in self.levels))
        for width, count in self.levels:
            if width < 1 or count < 1:
                raise OptionError(f"levels has ({width}, {count}); width and layers a side must be at least 1")
        if self.levels:
            object.__setattr__(self, "depth", 2 * sum(count for _, count in self.levels))
            object.__setattr__(self, "width", self.levels[0][0])
        if len(self.levels) == 1:
            object.__setattr__(self, "levels", ())
        if self.depth < 4 or self.depth % 2:
            raise OptionError(f"depth is {self.depth}; it must be even and at least 4")
        if self.width < 1:
            raise OptionError(f"width is {self.width}; it must be at least 1")
        if self.channels not in (1, 3):
            raise OptionError(f"channels is {self.channels}; it must be 1 (gray) or 3 (RGB)")
        if not 1 <= self.stride <= 4:
            raise OptionError(f"stride is {self.stride}; it must be 1, 2, 3 or 4")

    @classmethod
    def paper(cls, depth: int, *, width: int = 64, channels: int = 1) -> REDNetConfig:
        """The published networks: RED10 (without skips), RED20 and RED30.

        Source: arXiv:1606.08921, section 4 (text: width 64; the authors' released networks have width 128).
        """
        return cls(depth=depth, width=width, channels=channels, skips=depth > 10)

    @cached_property
    def layers(self) -> tuple[LayerShape, ...]:
        """All layers in the order in which they run: the encoder's, then their mirrors in the decoder."""
        levels = self.levels or ((self.width, self.depth // 2),)
        encoder: list[LayerShape] = []
        carried: set[int] = set()  # numbers of the encoder's layers from which a skip starts
        inputs = self.input_planes
        for level, (width, count) in enumerate(levels):
            before = len(encoder) - 1
            for number in range(count + (level > 0)):
                kind: Kind = "down" if level and number == 0 else "conv"
                encoder.append(LayerShape(f"encoder.{len(encoder)}", kind, inputs, width, self.stride * STEP**level))
                inputs = width
            # Every second one: counted from the picture, as in the paper, in the innermost level; in the others counted
            # from the last one, which meets what comes back from the level within.
            if level < len(levels) - 1:
                carried.update(range(len(encoder) - 1, before, -2))
            else:
                carried.update(range(before + (2 if level == 0 else 1), len(encoder) - 1, 2))
        decoder = [
            LayerShape(
                f"decoder.{len(encoder) - 1 - number}",
                "up" if mirror.kind == "down" else "deconv",
                mirror.outputs,
                mirror.inputs if number else self.channels * self.stride**2,
                mirror.sampling // STEP if mirror.kind == "down" else mirror.sampling,
                number - 1 if self.skips and number - 1 in carried else None,
            )
            for number, mirror in reversed(list(enumerate(encoder)))
        ]
        return (*encoder, *decoder)

    @property
    def skip_pairs(self) -> tuple[tuple[int, int], ...]:
        """Pairs (encoder layer, decoder layer), counted from 1, in the order in which the decoder meets them.

        Example:
            >>> REDNetConfig(depth=20).skip_pairs
            ((8, 2), (6, 4), (4, 6), (2, 8))
            >>> REDNetConfig(levels=((64, 3), (128, 4))).skip_pairs  # 4 and 5 sample down and up
            ((6, 2), (4, 4), (3, 5), (1, 7))
        """
        half = len(self.layers) // 2
        return tuple(
            (layer.skip + 1, number - half + 1) for number, layer in enumerate(self.layers) if layer.skip is not None
        )

    @property
    def input_planes(self) -> int:
        """Planes that the first convolution reads, after space-to-depth."""
        return (self.channels + self.mask) * self.stride**2 + PLANES_PER_HINT * len(self.hints)

    @property
    def grid(self) -> int:
        """Sampling of the innermost level, px: pieces of a picture begin and end on multiples of it."""
        return self.stride * int(STEP ** max(0, len(self.levels) - 1))

    @cached_property
    def reach(self) -> int:
        """Context, px a side, that an output square of `grid` px on the grid depends on."""
        reach: int = 0
        for layer in reversed(self.layers):
            if layer.kind == "up":
                reach = round_up(reach, layer.sampling * STEP)
            elif layer.kind != "down":
                reach += layer.sampling
        return reach

    @property
    def receptive_field(self) -> int:
        """Side, in px, of the square of input pixels that can reach an output square of `grid` px on the grid."""
        return 2 * self.reach + self.grid

    @property
    def halo(self) -> int:
        """Context, px a side, that makes a piece exact if its origin and end are multiples of the grid."""
        return round_up(self.reach, self.grid)


def round_up(size: int, step: int) -> int:
    """Return the smallest multiple of `step` that is at least `size`."""
    return -(-size // step) * step
