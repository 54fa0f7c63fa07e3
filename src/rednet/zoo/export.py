"""Writes a chain of convolutions in the formats that engines read: ncnn's param/bin pair, and ONNX.

Both graphs take `planes` (channels + mask, H, W) with H and W divisible by the stride, and `hints` (2 * hints, H / s,
W / s) if the network has any; both give `residual` (channels, H, W), which is added to the picture by the caller.

Source: ncnn's wiki, "param and model file structure" and "operators"; the ONNX operator schemas.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.architecture import PLANES_PER_HINT
from rednet.errors import EngineError
from rednet.zoo.chain import Chain

__all__ = ["to_ncnn", "to_onnx"]

NCNN_MAGIC = 7767517
NCNN_FLOAT32 = np.zeros(1, np.uint32).tobytes()  # the tag before each weight
ONNX_OPSET = 17
ONNX_IR = 9  # what runtimes of that opset's time read


def to_ncnn(chain: Chain) -> tuple[str, bytes]:
    """Gives the text of the `.param` and the content of the `.bin` file."""
    config = chain.config
    lines: list[str] = []
    weights: list[bytes] = []
    blobs = 0

    def layer(kind: str, inputs: list[str], outputs: list[str], **options: int) -> None:
        nonlocal blobs
        blobs += len(outputs)
        values = " ".join(f"{key[1:]}={value}" for key, value in options.items())
        counts = f"{len(inputs)} {len(outputs)}"
        lines.append(" ".join([kind, f"{kind}_{len(lines)}", counts, *inputs, *outputs, values]).rstrip())

    layer("Input", [], ["planes"])
    if config.hints:
        layer("Input", [], ["hints"])
    top = "planes"
    if config.stride > 1:
        layer("Reorg", [top], ["coarse"], _0=config.stride)
        top = "coarse"
    if config.hints:
        layer("Concat", [top, "hints"], ["told"])
        top = "told"
    for number, conv in enumerate(chain.layers):
        out, skip = f"conv{number}", conv.skip
        fused = conv.relu and skip is None
        layer("Convolution", [top], [out], _0=len(conv.bias), _1=3, _4=1, _5=1, _6=conv.weight.size, _9=int(fused))
        weights += [NCNN_FLOAT32, conv.weight.tobytes(), conv.bias.tobytes()]
        top = out
        if skip is not None:
            layer("BinaryOp", [top, f"kept{skip}"], [f"sum{number}"], _0=0)
            top = f"sum{number}"
            if conv.relu:
                layer("ReLU", [top], [f"relu{number}"])
                top = f"relu{number}"
        if number in chain.kept:
            layer("Split", [top], [f"next{number}", f"kept{number}"])
            top = f"next{number}"
    if config.stride > 1:
        layer("PixelShuffle", [top], ["residual"], _0=config.stride)
    else:
        layer("Noop", [top], ["residual"])
    return "\n".join([str(NCNN_MAGIC), f"{len(lines)} {blobs}", *lines, ""]), b"".join(weights)


def to_onnx(chain: Chain) -> bytes:
    """Gives the content of an `.onnx` file.

    Raises:
        EngineError: the package `onnx` is not installed.
    """
    try:
        from onnx import TensorProto, checker, helper, numpy_helper
    except ImportError as error:
        raise EngineError("ONNX needs two more packages: pip install 'rednet[onnx]'") from error

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
        weight = space_to_depth_order(conv.weight, config.channels + config.mask, s) if number == 0 else conv.weight
        tensors += [numpy_helper.from_array(weight, f"w{number}"), numpy_helper.from_array(conv.bias, f"b{number}")]
        top = node("Conv", [top, f"w{number}", f"b{number}"], f"conv{number}", pads=[1, 1, 1, 1])
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


def space_to_depth_order(weight: NDArray[np.float32], planes: int, stride: int) -> NDArray[np.float32]:
    """Reorders a first layer's inputs from (plane, row, column) to ONNX SpaceToDepth's (row, column, plane)."""
    blocks = planes * stride**2
    image = np.arange(blocks).reshape(planes, stride, stride).transpose(1, 2, 0).ravel()
    return np.ascontiguousarray(weight[:, [*image, *range(blocks, weight.shape[1])]])
