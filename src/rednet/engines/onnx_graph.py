"""Converts a chain of convolutions to ONNX: the graph that our engine runs, or the whole network for other programs.

Source: the ONNX operator schemas.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.errors import EngineError
from rednet.network.architecture import PLANES_PER_HINT
from rednet.network.chain import Chain
from rednet.packages import install_command

__all__ = ["ONNX_OPSET", "to_onnx", "to_whole_onnx"]

ONNX_OPSET = 17
ONNX_IR = 9  # version of the file format, which runtimes of that opset's age can read


def to_onnx(chain: Chain) -> bytes:
    """Return the content of an `.onnx` file whose inputs and output are those of `ncnn_graph`.

    Raises:
        EngineError: the package `onnx` is not installed.
    """
    graph, config = _Graph(), chain.config
    planes = graph.input("planes", [1, config.channels + config.mask, "height", "width"])
    top = graph.coarse(chain, planes)
    if config.hints:
        hints = graph.input("hints", [1, PLANES_PER_HINT * len(config.hints), "coarse_height", "coarse_width"])
        top = graph.node("Concat", [top, hints], axis=1)
    graph.output(graph.residual(chain, top), "residual", [1, config.channels, "height", "width"])
    return graph.content()


def to_whole_onnx(chain: Chain) -> bytes:
    """Return the content of an `.onnx` file of the whole network, as `rednet.network.model.REDNet` computes it.

    Its inputs are `y`, (batch, channels, height, width) in [0, 1], of any size; `mask`, (batch, 1, height, width), 1
    where pixels are missing, if the network reads a mask; and `hints`, (batch, 2 * hints), see `rednet.network.hints`,
    if it reads hints. The output is `x_hat`, shaped like `y` and not clipped.

    Raises:
        EngineError: the package `onnx` is not installed.
    """
    graph, config = _Graph(), chain.config
    y = graph.input("y", ["batch", config.channels, "height", "width"])
    planes, size = y, graph.node("Shape", [y], start=2)
    if config.mask:
        planes = graph.node("Concat", [y, graph.input("mask", ["batch", 1, "height", "width"])], axis=1)
    for axis in (2, 3) if config.grid > 1 else ():
        planes = graph.reflected(planes, axis, config.grid)
    top = graph.coarse(chain, planes)
    if config.hints:
        given = graph.input("hints", ["batch", PLANES_PER_HINT * len(config.hints)])
        sides = graph.node("Concat", [graph.numbers(1, 1), graph.node("Shape", [top], start=2)], axis=0)
        spread = graph.node("Expand", [graph.node("Unsqueeze", [given, graph.numbers(2, 3)]), sides])
        top = graph.node("Concat", [top, spread], axis=1)
    residual = graph.node("Slice", [graph.residual(chain, top), graph.numbers(0, 0), size, graph.numbers(2, 3)])
    graph.output(graph.node("Add", [y, residual]), "x_hat", ["batch", config.channels, "height", "width"])
    return graph.content()


class _Graph:
    """The nodes, weights, inputs and outputs of a graph. A node's result is known by its name."""

    def __init__(self) -> None:
        try:
            import onnx
        except ImportError as error:
            raise EngineError(f"an ONNX graph needs the package onnx: {install_command('onnx')}") from error
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []

    def node(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        """Add a node, and return the name of its result."""
        name = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(kind, inputs, [name], **attributes))
        return name

    def tensor(self, array: NDArray[Any]) -> str:
        """Add a constant, and return its name."""
        name = f"tensor{len(self.tensors)}"
        self.tensors.append(self.onnx.numpy_helper.from_array(array, name))
        return name

    def numbers(self, *numbers: int) -> str:
        """Add a list of whole numbers, and return its name."""
        return self.tensor(np.array(numbers, np.int64))

    def value(self, name: str, shape: list[int | str]) -> Any:
        """Return the description of an input or output; a side that may have any length has a name."""
        return self.onnx.helper.make_tensor_value_info(name, self.onnx.TensorProto.FLOAT, shape)

    def input(self, name: str, shape: list[int | str]) -> str:
        """Add an input of the graph, and return its name."""
        self.inputs.append(self.value(name, shape))
        return name

    def output(self, top: str, name: str, shape: list[int | str]) -> None:
        """Make a result an output of the graph."""
        self.nodes.append(self.onnx.helper.make_node("Identity", [top], [name]))
        self.outputs.append(self.value(name, shape))

    def reflected(self, top: str, axis: int, grid: int) -> str:
        """Pad an axis like `rednet.network.architecture.reflection`, and return the name of the result."""
        size, grids, one = self.node("Shape", [top], start=axis, end=axis + 1), self.numbers(grid), self.numbers(1)
        squares = self.node("Div", [self.node("Add", [size, self.numbers(grid - 1)]), grids])
        end = self.node("Squeeze", [self.node("Mul", [squares, grids])])
        places = self.node("Range", [self.tensor(np.array(0, np.int64)), end, self.tensor(np.array(1, np.int64))])
        double = self.node("Mul", [self.node("Sub", [size, one]), self.numbers(2)])
        period = self.node("Max", [double, one])
        there = self.node("Mod", [places, period])
        index = self.node("Min", [there, self.node("Sub", [period, there])])
        return self.node("Gather", [top, index], axis=axis)

    def coarse(self, chain: Chain, planes: str) -> str:
        """Sample the planes by the network's stride, and return the name of the result."""
        stride = chain.config.stride
        return self.node("SpaceToDepth", [planes], blocksize=stride) if stride > 1 else planes

    def residual(self, chain: Chain, top: str) -> str:
        """Add all layers and the way back to full resolution, and return the name of the residual."""
        config, stride = chain.config, chain.config.stride
        kept: dict[int, str] = {}
        for number, conv in enumerate(chain.layers):
            weight = conv.weight
            if number == 0:
                weight = _space_to_depth_order(weight, config.channels + config.mask, stride)
            if conv.kind == "up":
                weight = np.ascontiguousarray(weight.transpose(1, 0, 2, 3))  # ONNX stores (in, out, 2, 2)
            geometry = {"pads": [1, 1, 1, 1]} if conv.kind == "conv" else {"strides": [2, 2]}
            kind = "ConvTranspose" if conv.kind == "up" else "Conv"
            top = self.node(kind, [top, self.tensor(weight), self.tensor(conv.bias)], **geometry)
            if conv.skip is not None:
                top = self.node("Add", [top, kept[conv.skip]])
            if conv.relu:
                top = self.node("Relu", [top])
            kept[number] = top
        return self.node("DepthToSpace", [top], blocksize=stride, mode="CRD") if stride > 1 else top

    def content(self) -> bytes:
        """Return the content of the `.onnx` file."""
        helper = self.onnx.helper
        graph = helper.make_graph(self.nodes, "rednet", self.inputs, self.outputs, self.tensors)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", ONNX_OPSET)], ir_version=ONNX_IR, producer_name="rednet"
        )
        self.onnx.checker.check_model(model)
        return bytes(model.SerializeToString())


def _space_to_depth_order(weight: NDArray[np.float32], planes: int, stride: int) -> NDArray[np.float32]:
    """Reorder the first layer's inputs from (plane, row, column) to ONNX SpaceToDepth's (row, column, plane)."""
    blocks = planes * stride**2
    image = np.arange(blocks).reshape(planes, stride, stride).transpose(1, 2, 0).ravel()
    return np.ascontiguousarray(weight[:, [*image, *range(blocks, weight.shape[1])]])
