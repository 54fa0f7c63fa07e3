"""Writes a network for other programs: ONNX, ncnn, OpenVINO and torch.

Every file is made from `model.safetensors`, and held to the torch network by `tests/engines/test_exporting.py`.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rednet.engines.ncnn_graph import to_ncnn
from rednet.engines.onnx_graph import to_whole_onnx
from rednet.errors import EngineError, OptionError
from rednet.network.architecture import PLANES_PER_HINT
from rednet.packages import need
from rednet.whole_files import whole_file
from rednet.zoo.model_folder import load_chain, load_network

__all__ = ["FORMATS", "Format", "export_network"]


def export_network(folder: Path, target: Path, *, overwrite: bool = False) -> list[Path]:
    """Write the network of a model folder in the format that the ending of `target` says.

    Args:
        folder: model folder.
        target: path of the file; the ending is one of `FORMATS`. A format of two files writes `.bin` beside it.
        overwrite: replace existing files.

    Returns:
        The written files.

    Raises:
        OptionError: no format has this ending, or a file exists already.
        EngineError: a package that the format needs is not installed.
        ModelError: the folder is not a model folder, or a file in it is broken.
    """
    form = FORMATS.get(target.suffix.lower())
    if form is None:
        endings = ", ".join(f"{ending} ({form.name})" for ending, form in FORMATS.items())
        raise OptionError(f"{target.name} has no ending that says a format; give one of: {endings}")
    if not target.parent.is_dir():
        raise OptionError(f"there is no folder {target.parent}; make it first")
    paths = [target, *(target.with_suffix(ending) for ending in form.besides)]
    if not overwrite:
        for path in paths:
            if path.exists():
                raise OptionError(f"{path} exists already; choose another name, or replace it", option="overwrite")
    contents = form.make(folder)
    for path, content in reversed(list(zip(paths, contents, strict=True))):  # the file that users name comes last
        with whole_file(path, overwrite=overwrite) as file:
            file.write(content)
    return paths


def onnx_files(folder: Path) -> list[bytes]:
    """Return the whole network as ONNX; see `to_whole_onnx`."""
    return [to_whole_onnx(load_chain(folder))]


def ncnn_files(folder: Path) -> list[bytes]:
    """Return the network as ncnn's two files; see `ncnn_graph` for its inputs and output."""
    param, weights = to_ncnn(load_chain(folder))
    return [param.encode(), weights]


def openvino_files(folder: Path) -> list[bytes]:
    """Return the whole network as the two files of OpenVINO's intermediate representation, in float32."""
    openvino = need("openvino", "export", "the format OpenVINO", EngineError)
    model = openvino.convert_model(io.BytesIO(to_whole_onnx(load_chain(folder))))
    with TemporaryDirectory(prefix="rednet-") as scratch:
        path = Path(scratch) / "network.xml"
        openvino.save_model(model, path, compress_to_fp16=False)
        return [path.read_bytes(), path.with_suffix(".bin").read_bytes()]


def torch_files(folder: Path) -> list[bytes]:
    """Return the network as a program of `torch.export` that is called like `REDNet.forward`, hints and mask by name.

    The sides of a picture must be multiples of the network's grid: torch cannot keep the padding, which depends on the
    size.
    """
    torch = need("torch", "train", "the format torch.export", EngineError)
    model = load_network(folder)
    config, grid = model.config, model.config.grid
    height, width = (torch.export.Dim(name, min=2, max=1 << 20) for name in ("height", "width"))
    sides = {2: grid * height, 3: grid * width} if grid > 1 else {2: height, 3: width}
    batch = torch.export.Dim("batch", min=1)
    y, told, shapes = torch.zeros(2, config.channels, 4 * grid, 6 * grid), {}, {"y": {0: batch, **sides}}
    if config.mask:
        told["mask"], shapes["mask"] = y[:, :1], {0: batch, **sides}
    if config.hints:
        told["hints"], shapes["hints"] = torch.zeros(2, PLANES_PER_HINT * len(config.hints)), {0: batch}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of torch itself, about its own future
        program = torch.export.export(model, (y,), told, dynamic_shapes=shapes)
        content = io.BytesIO()
        torch.export.save(program, content)
    return [content.getvalue()]


class Format(NamedTuple):
    """How a network is written for another program.

    Args:
        name: of the format.
        make: returns the content of each file of a model folder's network.
        besides: endings of the files beside the one that has the format's ending.
    """

    name: str
    make: Callable[[Path], list[bytes]]
    besides: tuple[str, ...] = ()


FORMATS: Mapping[str, Format] = {
    ".onnx": Format("ONNX", onnx_files),
    ".param": Format("ncnn", ncnn_files, (".bin",)),
    ".xml": Format("OpenVINO", openvino_files, (".bin",)),
    ".pt2": Format("torch.export", torch_files),
}
"""The ending of each format."""
