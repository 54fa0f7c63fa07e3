"""Writes a chain of convolutions for ncnn (a `.param` and a `.bin` file): as one graph, or layer by layer.

Both take `planes` (channels + mask, H, W) with H and W divisible by the stride, and `hints` (2 * hints, H / s, W / s)
if the network has any; both give `residual` (channels, H, W), which is added to the picture by the caller.

Source: ncnn's wiki, "param and model file structure" and "operators".
"""

from __future__ import annotations

import numpy as np

from rednet.network.architecture import REDNetConfig
from rednet.network.chain import Chain, Layer

__all__ = ["to_ncnn", "to_ncnn_layers"]

MAGIC = 7767517
FLOAT32 = np.zeros(1, np.uint32).tobytes()  # the tag before each weight
ALONG_HEIGHT = 1  # an axis of Concat


def to_ncnn(chain: Chain) -> tuple[str, bytes]:
    """Gives the text of the `.param` and the content of the `.bin` file of the whole network."""
    graph = Graph()
    top = graph.begin(chain.config)
    for number, conv in enumerate(chain.layers):
        kept = None if conv.skip is None else f"kept{conv.skip}"
        top = graph.run(number, conv, top, kept)
        if number in chain.kept:
            graph.layer("Split", [top], [f"next{number}", f"kept{number}"])
            top = f"next{number}"
    graph.end(chain.config, top)
    return graph.files()


def to_ncnn_layers(chain: Chain) -> tuple[str, bytes]:
    """Gives the same for pieces that are not connected, for a caller who leads some rows from one to the next.

    The pieces: `planes` and `hints` become `told`. Layer N makes `outN` of `rowsN`, and of `keptN` if a skip ends in
    it; a 3x3 layer pads at the sides only, so it gives two rows less. The last layer's rows, as `fine`, become
    `residual`. And `above` and `below` are joined to `both`.
    """
    graph = Graph()
    graph.output(graph.begin(chain.config), "told")
    for number, conv in enumerate(chain.layers):
        kept = None if conv.skip is None else graph.input(f"kept{number}")
        top = graph.run(number, conv, graph.input(f"rows{number}"), kept, pad_rows=False)
        graph.output(top, f"out{number}")
    graph.end(chain.config, graph.input("fine"))
    graph.layer("Concat", [graph.input("above"), graph.input("below")], ["both"], _0=ALONG_HEIGHT)
    return graph.files()


class Graph:
    """Lines of a `.param` file, and the weights that belong to them."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.weights: list[bytes] = []
        self.blobs = 0

    def layer(self, kind: str, inputs: list[str], outputs: list[str], **options: int) -> None:
        """Adds a layer; an option's name is its number, after an underscore."""
        self.blobs += len(outputs)
        values = " ".join(f"{key[1:]}={value}" for key, value in options.items())
        counts = f"{len(inputs)} {len(outputs)}"
        self.lines.append(" ".join([kind, f"{kind}_{len(self.lines)}", counts, *inputs, *outputs, values]).rstrip())

    def input(self, name: str) -> str:
        """Adds an input, and gives its name."""
        self.layer("Input", [], [name])
        return name

    def output(self, top: str, name: str) -> None:
        """Gives a result another name."""
        self.layer("Noop", [top], [name])

    def begin(self, config: REDNetConfig) -> str:
        """Adds all before the first convolution, and gives what that reads."""
        top = self.input("planes")
        hints = self.input("hints") if config.hints else None
        if config.stride > 1:
            self.layer("Reorg", [top], ["sampled"], _0=config.stride)
            top = "sampled"
        if hints:
            self.layer("Concat", [top, hints], ["joined"])
            top = "joined"
        return top

    def run(self, number: int, conv: Layer, top: str, kept: str | None, *, pad_rows: bool = True) -> str:
        """Adds a layer of the chain, the skip that ends in it, and its ReLU, and gives the result.

        Args:
            number, conv: of the chain.
            top: what it reads.
            kept: what the skip adds.
            pad_rows: of a 3x3 convolution, with zeros above and below, as is always done at its sides.
        """
        fused = conv.relu and kept is None
        geometry = {"_1": 3, "_4": 1, "_14": int(pad_rows)} if conv.kind == "conv" else {"_1": 2, "_3": 2}
        self.layer(
            "Deconvolution" if conv.kind == "up" else "Convolution", [top], [f"conv{number}"],
            _0=len(conv.bias), **geometry, _5=1, _6=conv.weight.size, _9=int(fused),
        )  # fmt: skip
        self.weights += [FLOAT32, conv.weight.tobytes(), conv.bias.tobytes()]
        top = f"conv{number}"
        if kept is not None:
            self.layer("BinaryOp", [top, kept], [f"sum{number}"], _0=0)
            top = f"sum{number}"
            if conv.relu:
                self.layer("ReLU", [top], [f"relu{number}"])
                top = f"relu{number}"
        return top

    def end(self, config: REDNetConfig, top: str) -> None:
        """Adds all behind the last convolution."""
        if config.stride > 1:
            self.layer("PixelShuffle", [top], ["residual"], _0=config.stride)
        else:
            self.layer("Noop", [top], ["residual"])

    def files(self) -> tuple[str, bytes]:
        """Gives the text of the `.param` and the content of the `.bin` file."""
        head = [str(MAGIC), f"{len(self.lines)} {self.blobs}"]
        return "\n".join([*head, *self.lines, ""]), b"".join(self.weights)
