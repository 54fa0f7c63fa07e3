"""The shape of a RED-Net, without its weights and without torch: what training, export and every engine agree on."""

from __future__ import annotations

from dataclasses import dataclass

from rednet.errors import OptionError

__all__ = ["PLANES_PER_HINT", "REDNetConfig"]

PLANES_PER_HINT = 2  # "this is told" and "how strong"


@dataclass(frozen=True)
class REDNetConfig:
    """The shape of a RED-Net.

    Args:
        depth: convolutions + deconvolutions; even, at least 4.
        width: channels of every hidden layer.
        channels: channels of the picture, 1 (gray) or 3 (RGB).
        stride: sampling of the first and last layer, 1 to 4; 1 is the paper's main network.
        skips: sum encoder layers into their mirror decoder layers.
        mask: take a mask of missing pixels beside the picture.
        hints: names of what can be told about the damage; each is two constant planes (see `rednet.hints`).

    Raises:
        OptionError: a field is outside its range.

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
        object.__setattr__(self, "hints", tuple(self.hints))  # JSON has lists only
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
    def receptive_field(self) -> int:
        """Side, in px, of the square of input pixels that can reach one output pixel's block."""
        return (2 * self.depth + 1) * self.stride

    @property
    def halo(self) -> int:
        """Context, px a side, that makes a piece exact if its origin and end are multiples of the stride."""
        return self.depth * self.stride
