"""Exported networks compute what the torch network computes, and run without rednet."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rednet import Restorer
from rednet.engines.exporting import FORMATS, export_network
from rednet.errors import ModelError, OptionError
from rednet.zoo.model_folder import load_network
from rednet.zoo.shipped import find_model

EXAMPLES = Path(__file__).parents[2] / "examples" / "exported"
TOLERANCE = 1e-5
SHAPES = [
    {"depth": 20, "width": 16, "channels": 3, "stride": 2, "mask": True, "hints": ("sigma", "scale")},
    {"depth": 6, "width": 8},
    {"depth": 8, "width": 6, "channels": 3, "stride": 3},
    {"levels": ((8, 3), (12, 2), (16, 2)), "channels": 3, "stride": 2, "mask": True, "hints": ("sigma",)},
]
SIZES = [(1, 1, 1), (2, 1, 9), (1, 7, 5), (3, 33, 62), (1, 48, 24)]


def run_onnx(path, feed):
    onnxruntime = pytest.importorskip("onnxruntime")
    return onnxruntime.InferenceSession(path).run(["x_hat"], feed)[0]


def run_openvino(path, feed):
    openvino = pytest.importorskip("openvino")
    return openvino.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(feed)["x_hat"]


def run_torch(path, feed):
    with torch.no_grad():
        inputs = {name: torch.from_numpy(array) for name, array in feed.items()}
        return torch.export.load(path).module()(inputs.pop("y"), **inputs).numpy()


@pytest.fixture(params=[".onnx", ".xml", ".pt2"])
def exported(request):
    """The ending of a format that has the whole network, and what runs it."""
    if request.param == ".xml":
        pytest.importorskip("openvino")
    return request.param, {".onnx": run_onnx, ".xml": run_openvino, ".pt2": run_torch}[request.param]


@pytest.mark.parametrize("fields", SHAPES, ids=str)
def test_an_exported_network_computes_what_the_torch_network_computes(exported, fields, make_model, tmp_path, rng):
    ending, run = exported
    folder = make_model(**fields)
    network = load_network(folder)
    config = network.config
    [path, *_] = export_network(folder, tmp_path / f"network{ending}")
    compared = 0
    for batch, height, width in SIZES:
        if ending == ".pt2" and (height % config.grid or width % config.grid or min(height, width) < 2 * config.grid):
            continue
        feed = {"y": rng.random((batch, config.channels, height, width), np.float32)}
        if config.mask:
            feed["mask"] = rng.random((batch, 1, height, width), np.float32)
        if config.hints:
            feed["hints"] = rng.random((batch, 2 * len(config.hints)), np.float32)
        inputs = {name: torch.from_numpy(array) for name, array in feed.items()}
        with torch.no_grad():
            expected = network(inputs["y"], inputs.get("mask"), inputs.get("hints")).numpy()
        np.testing.assert_allclose(run(path, feed), expected, rtol=0, atol=TOLERANCE)
        assert np.abs(expected - feed["y"]).max() > 100 * TOLERANCE
        compared += 1
    assert compared >= 1


@pytest.mark.parametrize(
    ("ending", "example"),
    [(".onnx", "onnx"), (".param", "ncnn"), (".xml", "openvino"), (".pt2", "torch")],
)
def test_an_example_restores_without_rednet_what_rednet_restores(ending, example, tmp_path, photo, rng):
    pytest.importorskip({"onnx": "onnxruntime"}.get(example, example))
    network = tmp_path / f"universal{ending}"
    export_network(find_model("universal"), network)
    noisy = np.clip(255 * photo[:95, :79] + rng.normal(0, 25, photo[:95, :79].shape), 0, 255).astype(np.uint8)
    Image.fromarray(noisy).save(tmp_path / "noisy.png")
    script = EXAMPLES / f"denoise_{example}.py"
    blocked = f"import sys, runpy; sys.modules['rednet'] = None; sys.argv = [{str(script)!r}, *sys.argv[1:]]; "
    command = [sys.executable, "-c", blocked + f"runpy.run_path({str(script)!r})"]
    files = [str(network), str(tmp_path / "noisy.png"), str(tmp_path / "clean.png"), "25"]
    subprocess.run([*command, *files], check=True, cwd=tmp_path)
    clean = np.asarray(Image.open(tmp_path / "clean.png"), int)
    expected = Restorer.from_pretrained("universal").restore(noisy, facts={"sigma": 25}).astype(int)
    assert np.abs(clean - expected).max() <= 1  # rounding at a half
    assert np.abs(clean - noisy).mean() > 5


def test_an_ending_that_is_no_format_is_refused(make_model, tmp_path):
    with pytest.raises(OptionError, match=r"\.onnx \(ONNX\)"):
        export_network(make_model(depth=4, width=4), tmp_path / "network.pb")


def test_a_file_that_exists_is_kept(make_model, tmp_path):
    """Also the second file of a format."""
    folder = make_model(depth=4, width=4)
    (tmp_path / "network.bin").write_text("mine")
    with pytest.raises(OptionError, match=r"network\.bin exists"):
        export_network(folder, tmp_path / "network.param")
    assert not (tmp_path / "network.param").exists()
    export_network(folder, tmp_path / "network.param", overwrite=True)
    assert (tmp_path / "network.bin").read_bytes() != b"mine"


def test_what_is_no_model_folder_is_refused(tmp_path):
    for ending in FORMATS:
        if ending == ".xml":
            pytest.importorskip("openvino")
        with pytest.raises(ModelError):
            export_network(tmp_path, tmp_path / f"network{ending}")
        assert not any(tmp_path.iterdir())
