"""Converts a chain of convolutions to ONNX; inputs and output are those of `ncnn_graph`.

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

__all__ = ["to_onnx"]

ONNX_OPSET = 17
ONNX_IR = 9  # version of the file format, which runtimes of that opset's age can read


def to_onnx(chain: Chain) -> bytes:
    """Return the content of an `.onnx` file.

    Raises:
        EngineError: the package `onnx` is not installed.
    """
    try:
        from onnx import TensorProto, checker, helper, numpy_helper
    except ImportError as error:
        raise EngineError(f"an ONNX graph needs the package onnx: {install_command('onnx')}") from error

    config, s = chain.config, chain.config.stride
    nodes: list[Any] = []
    tensors: list[Any] = []

    def node(kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    top = node("SpaceToDepth", ["planes"], "coarse", blocksize=s) if s > 1 else "planes"
    if config.hints:
        top = node("Concat", [top, "hints"], "told", axis=1)
    kept: dict[int, str] = {}
    for number, conv in enumerate(chain.layers):
        weight = _space_to_depth_order(conv.weight, config.channels + config.mask, s) if number == 0 else conv.weight
        if conv.kind == "up":
            weight = np.ascontiguousarray(weight.transpose(1, 0, 2, 3))  # ONNX stores (in, out, 2, 2)
        tensors += [numpy_helper.from_array(weight, f"w{number}"), numpy_helper.from_array(conv.bias, f"b{number}")]
        geometry = {"pads": [1, 1, 1, 1]} if conv.kind == "conv" else {"strides": [2, 2]}
        kind = "ConvTranspose" if conv.kind == "up" else "Conv"
        top = node(kind, [top, f"w{number}", f"b{number}"], f"conv{number}", **geometry)
        if conv.skip is not None:
            top = node("Add", [top, kept[conv.skip]], f"sum{number}")
        if conv.relu:
            top = node("Relu", [top], f"relu{number}")
        kept[number] = top
    if s > 1:
        node("DepthToSpace", [top], "residual", blocksize=s, mode="CRD")
    else:
        node("Identity", [top], "residual")

    def value(name: str, channels: int, height: str, width: str) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, height, width])

    inputs = [value("planes", config.channels + config.mask, "height", "width")]
    if config.hints:
        inputs.append(value("hints", PLANES_PER_HINT * len(config.hints), "coarse_height", "coarse_width"))
    graph = helper.make_graph(nodes, "rednet", inputs, [value("residual", config.channels, "height", "width")], tensors)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", ONNX_OPSET)], ir_version=ONNX_IR, producer_name="rednet"
    )
    checker.check_model(model)
    return bytes(model.SerializeToString())


def _space_to_depth_order(weight: NDArray[np.float32], planes: int, stride: int) -> NDArray[np.float32]:
    """Reorder the first layer's inputs from (plane, row, column) to ONNX SpaceToDepth's (row, column, plane)."""
    blocks = planes * stride**2
    image = np.arange(blocks).reshape(planes, stride, stride).transpose(1, 2, 0).ravel()
    return np.ascontiguousarray(weight[:, [*image, *range(blocks, weight.shape[1])]])
