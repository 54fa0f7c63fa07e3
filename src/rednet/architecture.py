"""The shape of a RED-Net, without its weights and without torch: what training, export and every engine agree on."""

from __future__ import annotations

from dataclasses import dataclass
from reprlib import repr as brief

from rednet.errors import OptionError

__all__ = ["PLANES_PER_HINT", "REDNetConfig"]

PLANES_PER_HINT = 2  # "this is told" and "how strong"
MAX_DEPTH, MAX_WIDTH, MAX_HINTS = 200, 1024, 16  # far beyond any network that was trained


@dataclass(frozen=True)
class REDNetConfig:
    """The shape of a RED-Net.

    Args:
        depth: convolutions + deconvolutions; even, 4 to 200.
        width: channels of every hidden layer, 1 to 1024.
        channels: channels of the picture, 1 (gray) or 3 (RGB).
        stride: sampling of the first and last layer, 1 to 4; 1 is the paper's main network.
        skips: sum encoder layers into their mirror decoder layers.
        mask: take a mask of missing pixels beside the picture.
        hints: names of what can be told about the damage; each is two constant planes (see `rednet.hints`).

    Raises:
        OptionError: a field is of another type or outside its range.

    Deviation: the paper's RED10 has no skips; here depth and skips are independent, and `paper(10)` gives the paper's.
    """

    depth: int = 30
    width: int = 64
    channels: int = 1
    stride: int = 1
    skips: bool = True
    mask: bool = False
    hints: tuple[str, ...] = ()

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

    @classmethod
    def paper(cls, depth: int, *, width: int = 64, channels: int = 1) -> REDNetConfig:
        """The published networks: RED10 (without skips), RED20 and RED30.

        Source: arXiv:1606.08921, section 4 (text: width 64; the authors' released networks have width 128).
        """
        return cls(depth=depth, width=width, channels=channels, skips=depth > 10)

    @property
    def skip_pairs(self) -> tuple[tuple[int, int], ...]:
        """Pairs (encoder layer, decoder layer), counted from 1, in the order in which the decoder meets them.

        Example:
            >>> REDNetConfig(depth=20).skip_pairs
            ((8, 2), (6, 4), (4, 6), (2, 8))
        """
        half = self.depth // 2
        last_even = half - 2 + half % 2  # the deepest even encoder layer that has a mirror, below `half`
        return tuple((i, half - i) for i in range(last_even, 0, -2)) if self.skips else ()

    @property
    def input_planes(self) -> int:
        """Planes that the first convolution reads, after space-to-depth."""
        return (self.channels + self.mask) * self.stride**2 + PLANES_PER_HINT * len(self.hints)

    @property
    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the weights and biases; a convolution's weight is (out, in), a deconvolution's (in, out).

        Example:
            >>> REDNetConfig(depth=4, width=8).tensors["decoder.1.weight"]
            (8, 1, 3, 3)
        """
        half, shapes = self.depth // 2, dict[str, tuple[int, ...]]()
        for number in range(half):
            inputs = self.width if number else self.input_planes
            shapes[f"encoder.{number}.weight"] = (self.width, inputs, 3, 3)
            shapes[f"encoder.{number}.bias"] = (self.width,)
        for number in range(half):
            outputs = self.width if number < half - 1 else self.channels * self.stride**2
            shapes[f"decoder.{number}.weight"] = (self.width, outputs, 3, 3)
            shapes[f"decoder.{number}.bias"] = (outputs,)
        return shapes

    @property
    def receptive_field(self) -> int:
        """Side, in px, of the square of input pixels that can reach one output pixel's block."""
        return (2 * self.depth + 1) * self.stride

    @property
    def halo(self) -> int:
        """Context, px a side, that makes a piece exact if its origin and end are multiples of the stride."""
        return self.depth * self.stride
