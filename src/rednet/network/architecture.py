"""The shape of a RED-Net, without weights and without torch; training and every engine read it here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from reprlib import repr as brief
from typing import Literal, NamedTuple

from rednet.errors import OptionError

__all__ = ["PLANES_PER_HINT", "STEP", "LayerShape", "REDNetConfig", "round_up"]

Kind = Literal["conv", "deconv", "down", "up"]

PLANES_PER_HINT = 2  # one says whether the hint is given, one holds its level
STEP = 2  # sampling from one level to the next


class LayerShape(NamedTuple):
    """One layer of the network.

    Args:
        name: prefix of the names of its tensors: "encoder.0", "decoder.3".
        kind: "conv" and "deconv" are 3x3 and keep the sampling; "down" is a 2x2 convolution of stride 2, "up" a 2x2
            deconvolution of stride 2.
        inputs, outputs: number of channels read and written.
        sampling: side of one sample of the output, px.
        skip: number, from 0, of the earlier layer whose activation is added to the output; None for no skip.
    """

    name: str
    kind: Kind
    inputs: int
    outputs: int
    sampling: int
    skip: int | None = None

    @property
    def weight(self) -> tuple[int, int, int, int]:
        """Shape of the weight, in torch's order; the bias has the shape (outputs,)."""
        side = 3 if self.kind in ("conv", "deconv") else STEP
        forward = self.kind in ("conv", "down")
        return (*((self.outputs, self.inputs) if forward else (self.inputs, self.outputs)), side, side)


MAX_DEPTH, MAX_WIDTH, MAX_HINTS, MAX_LEVELS = 200, 1024, 16, 6  # far larger than any trained network


@dataclass(frozen=True)
class REDNetConfig:
    """The shape of a RED-Net.

    Args:
        depth: number of 3x3 convolutions and deconvolutions together; even, 4 to 200.
        width: channels of every hidden layer, 1 to 1024.
        channels: channels of the picture, 1 (gray) or 3 (RGB).
        stride: sampling of the first and the last layer, 1 to 4; 1 is the paper's main network.
        skips: add the output of encoder layers to their mirror decoder layers.
        mask: read a mask of missing pixels beside the picture.
        hints: names of the hints that the network reads; each takes two constant planes (see `rednet.network.hints`).
        levels: (width, 3x3 layers a side) of each level. The first level has the sampling `stride`, and each further
            level twice the sampling of the level before; a strided convolution leads into it and a strided
            deconvolution out of it. `depth` and `width` are then computed from `levels`. Empty for one level, as in
            the paper.

    Raises:
        OptionError: a field has another type or is outside its range.

    Deviation: the paper's RED10 has no skips. Here depth and skips are independent; `paper(10)` has no skips. Section 3
    of the paper down-samples in early convolutions; `levels` allows this several times.
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
        for name in ("depth", "width", "channels", "stride"):
            if type(getattr(self, name)) is not int:
                raise OptionError(f"{name} is {brief(getattr(self, name))}; it must be a whole number")
        for name in ("skips", "mask"):
            if type(getattr(self, name)) is not bool:
                raise OptionError(f"{name} is {brief(getattr(self, name))}; it must be true or false")
        if not isinstance(self.hints, list | tuple) or not all(isinstance(name, str) for name in self.hints):
            raise OptionError(f"hints is {brief(self.hints)}; it must be a list of names")
        object.__setattr__(self, "hints", tuple(self.hints))  # JSON has lists only
        self._take_levels()
        if len(self.hints) > MAX_HINTS or len(set(self.hints)) < len(self.hints):
            raise OptionError(f"hints is {brief(self.hints)}; it must be at most {MAX_HINTS} different names")
        if not 4 <= self.depth <= MAX_DEPTH or self.depth % 2:
            raise OptionError(f"depth is {brief(self.depth)}; it must be even, and from 4 to {MAX_DEPTH}")
        if not 1 <= self.width <= MAX_WIDTH:
            raise OptionError(f"width is {brief(self.width)}; it must be from 1 to {MAX_WIDTH}")
        if self.channels not in (1, 3):
            raise OptionError(f"channels is {brief(self.channels)}; it must be 1 (gray) or 3 (RGB)")
        if not 1 <= self.stride <= 4:
            raise OptionError(f"stride is {brief(self.stride)}; it must be 1, 2, 3 or 4")

    def _take_levels(self) -> None:
        """Check the levels, and compute depth and width from them."""
        levels = self.levels
        pairs = isinstance(levels, list | tuple) and all(
            isinstance(pair, list | tuple) and len(pair) == 2 for pair in levels
        )
        if not pairs or not all(type(number) is int for pair in levels for number in pair):
            raise OptionError(f"levels is {brief(levels)}; it must be a list of pairs: width, and 3x3 layers a side")
        if len(levels) > MAX_LEVELS:
            raise OptionError(f"levels has {len(levels)} pairs; there can be at most {MAX_LEVELS}")
        for width, count in levels:
            if not (1 <= width <= MAX_WIDTH and 1 <= count <= MAX_DEPTH):
                raise OptionError(
                    f"levels has {brief((width, count))}; a width must be from 1 to {MAX_WIDTH}, layers from 1"
                )
        if levels:
            object.__setattr__(self, "depth", 2 * sum(count for _, count in levels))
            object.__setattr__(self, "width", levels[0][0])
        several = tuple((width, count) for width, count in levels) if len(levels) > 1 else ()
        object.__setattr__(self, "levels", several)

    @classmethod
    def paper(cls, depth: int, *, width: int = 64, channels: int = 1) -> REDNetConfig:
        """Return a published network: RED10 (without skips), RED20 or RED30.

        Source: arXiv:1606.08921, section 4 (the text says width 64; the authors' released networks have width 128).
        """
        return cls(depth=depth, width=width, channels=channels, skips=depth > 10)

    @cached_property
    def layers(self) -> tuple[LayerShape, ...]:
        """All layers in the order in which they run: the encoder, then its mirror, the decoder."""
        levels = self.levels or ((self.width, self.depth // 2),)
        encoder: list[LayerShape] = []
        carried: set[int] = set()  # numbers of the encoder layers at which a skip starts
        inputs = self.input_planes
        for level, (width, count) in enumerate(levels):
            before = len(encoder) - 1
            for number in range(count + (level > 0)):
                kind: Kind = "down" if level and number == 0 else "conv"
                encoder.append(LayerShape(f"encoder.{len(encoder)}", kind, inputs, width, self.stride * STEP**level))
                inputs = width
            # A skip starts at every second layer. In the innermost level we count from its first layer, as in the
            # paper. In the other levels we count back from the last layer, so that a skip bridges the next level.
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
        """Pairs (encoder layer, decoder layer), counted from 1, in the order of the decoder layers.

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
        """Number of planes that the first convolution reads, after space-to-depth."""
        return (self.channels + self.mask) * self.stride**2 + PLANES_PER_HINT * len(self.hints)

    @property
    def grid(self) -> int:
        """Sampling of the innermost level, px; pieces of a picture begin and end on multiples of it."""
        return self.stride * int(STEP ** max(0, len(self.levels) - 1))

    @cached_property
    def reach(self) -> int:
        """Context, px a side, on which an output square of `grid` px on the grid depends."""
        reach: int = 0
        for layer in reversed(self.layers):
            if layer.kind == "up":
                reach = round_up(reach, layer.sampling * STEP)
            elif layer.kind != "down":
                reach += layer.sampling
        return reach

    @property
    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the weights and biases, in torch's order.

        Example:
            >>> REDNetConfig(depth=4, width=8).tensors["decoder.1.weight"]
            (8, 1, 3, 3)
        """
        weights = {f"{layer.name}.weight": layer.weight for layer in self.layers}
        return weights | {f"{layer.name}.bias": (layer.outputs,) for layer in self.layers}

    @property
    def receptive_field(self) -> int:
        """Side, px, of the input square on which an output square of `grid` px on the grid depends."""
        return 2 * self.reach + self.grid

    @property
    def halo(self) -> int:
        """Context, px a side, with which a piece that begins and ends on multiples of the grid is exact."""
        return round_up(self.reach, self.grid)


def round_up(size: int, step: int) -> int:
    """Return the smallest multiple of `step` that is at least `size`."""
    return -(-size // step) * step


def reflection(size: int, grid: int) -> list[int]:
    """Return indices that pad an axis of `size` px by reflection to the next multiple of `grid`.

    An axis of 1 px is padded by repetition.

    Example:
        >>> reflection(3, 4), reflection(2, 5), reflection(1, 2)
        ([0, 1, 2, 1], [0, 1, 0, 1, 0], [0, 0])
    """
    period = max(2 * size - 2, 1)
    return [min(place % period, period - place % period) for place in range(round_up(size, grid))]
