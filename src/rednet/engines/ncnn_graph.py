"""Converts a chain of convolutions to ncnn's format (a `.param` and a `.bin` file), as one graph or layer by layer.

Both graphs have the inputs `planes` (channels + mask, H, W), H and W divisible by the stride, and `hints`
(2 * hints, H / s, W / s) if the network has hints. Both have the output `residual` (channels, H, W), which the caller
adds to the picture.

Source: ncnn's wiki, "param and model file structure" and "operators".
"""

from __future__ import annotations

import numpy as np

from rednet.network.architecture import REDNetConfig
from rednet.network.chain import Chain, Layer

__all__ = ["to_ncnn", "to_ncnn_layers"]

MAGIC = 7767517
FLOAT32 = np.zeros(1, np.uint32).tobytes()  # the tag before each weight
ALONG_HEIGHT = 1  # axis of Concat


def to_ncnn(chain: Chain) -> tuple[str, bytes]:
    """Return the text of the `.param` file and the content of the `.bin` file of the whole network."""
    graph = _Graph()
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
    """Return the same two files for a graph of unconnected layers; the caller passes rows from one to the next.

    `told` is computed from `planes` and `hints`. Layer N computes `outN` from `rowsN`, and from `keptN` if a skip ends
    there; a 3x3 layer pads at the left and right only, so `outN` has two rows less. `residual` is computed from `fine`,
    the rows of the last layer. `both` is `above` and `below`, joined.
    """
    graph = _Graph()
    graph.output(graph.begin(chain.config), "told")
    for number, conv in enumerate(chain.layers):
        kept = None if conv.skip is None else graph.input(f"kept{number}")
        top = graph.run(number, conv, graph.input(f"rows{number}"), kept, pad_rows=False)
        graph.output(top, f"out{number}")
    graph.end(chain.config, graph.input("fine"))
    graph.layer("Concat", [graph.input("above"), graph.input("below")], ["both"], _0=ALONG_HEIGHT)
    return graph.files()


class _Graph:
    """The lines of a `.param` file, and the weights for the `.bin` file."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.weights: list[bytes] = []
        self.blobs = 0

    def layer(self, kind: str, inputs: list[str], outputs: list[str], **options: int) -> None:
        """Add a layer; the keyword `_N` sets ncnn's parameter number N."""
        self.blobs += len(outputs)
        values = " ".join(f"{key[1:]}={value}" for key, value in options.items())
        counts = f"{len(inputs)} {len(outputs)}"
        self.lines.append(" ".join([kind, f"{kind}_{len(self.lines)}", counts, *inputs, *outputs, values]).rstrip())

    def input(self, name: str) -> str:
        """Add an input, and return its name."""
        self.layer("Input", [], [name])
        return name

    def output(self, top: str, name: str) -> None:
        """Rename a result, so that the caller can read it as an output."""
        self.layer("Noop", [top], [name])

    def begin(self, config: REDNetConfig) -> str:
        """Add everything before the first convolution, and return the name of the convolution's input."""
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
        """Add a layer of the chain, its skip, and its ReLU, and return the name of the result.

        Args:
            number, conv: the layer's number in the chain, and the layer.
            top: name of its input.
            kept: name of the activation that the skip adds; None for no skip.
            pad_rows: pad a 3x3 convolution with zeros above and below; left and right are always padded.
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
        """Add everything after the last convolution."""
        if config.stride > 1:
            self.layer("PixelShuffle", [top], ["residual"], _0=config.stride)
        else:
            self.layer("Noop", [top], ["residual"])

    def files(self) -> tuple[str, bytes]:
        """Return the text of the `.param` file and the content of the `.bin` file."""
        head = [str(MAGIC), f"{len(self.lines)} {self.blobs}"]
        return "\n".join([*head, *self.lines, ""]), b"".join(self.weights)
