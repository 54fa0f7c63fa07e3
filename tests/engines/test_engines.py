"""One suite that every engine passes, against the torch network itself."""

import numpy as np
import pytest
import torch

from rednet.engines.loading import ENGINES, load_engine
from rednet.errors import EngineError, ModelError, OptionError
from rednet.packages import install_command
from rednet.zoo.model_folder import load_network

TOLERANCE = 1e-5
SHAPES = [
    {"depth": 20, "width": 16, "channels": 3, "stride": 2, "mask": True, "hints": ("sigma", "scale")},
    {"depth": 10, "width": 8},
    {"depth": 8, "width": 6, "channels": 3, "stride": 3},
    {"depth": 6, "width": 5, "stride": 4, "mask": True, "skips": False},
    {"levels": ((8, 3), (12, 2), (16, 2)), "channels": 3, "stride": 2, "mask": True, "hints": ("sigma",)},
    {"levels": ((5, 2), (7, 1)), "stride": 1, "skips": False},
]


def by_torch(folder, planes, hints):
    net = load_network(folder)
    batch = torch.from_numpy(planes.transpose(2, 0, 1).copy())[None]
    y, mask = batch[:, : net.config.channels], batch[:, net.config.channels :]
    with torch.no_grad():
        x_hat = net(y, mask if net.config.mask else None, torch.from_numpy(hints)[None] if len(hints) else None)
    return (x_hat - y)[0].numpy().transpose(1, 2, 0)


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("fields", SHAPES, ids=str)
def test_an_engine_gives_what_the_torch_network_gives(name, fields, make_model, rng):
    folder = make_model(**fields)
    engine = load_engine(folder, name, threads=2)
    config = engine.config
    for height, width in [(1, 1), (1, 9), (7, 5), (33, 62)]:
        planes = rng.random((height, width, config.channels + config.mask), np.float32)
        hints = rng.random(2 * len(config.hints), np.float32)
        expected = by_torch(folder, planes, hints)
        residual = engine(planes, hints)
        assert residual.shape == (height, width, config.channels)
        np.testing.assert_allclose(residual, expected, rtol=0, atol=TOLERANCE)
        assert np.abs(expected).max() > 100 * TOLERANCE


def test_without_its_relus_a_network_gives_something_else(make_model, rng):
    """The control for the test above: with these weights, the ReLUs matter."""
    folder = make_model(**SHAPES[1])
    planes, hints = rng.random((33, 62, 1), np.float32), np.zeros(0, np.float32)
    net = load_network(folder)
    off = torch.from_numpy(planes.transpose(2, 0, 1).copy())[None]
    with torch.no_grad():
        for layer in [*net.encoder, *net.decoder]:
            off = layer(off)
    assert np.abs(off[0].numpy().transpose(1, 2, 0) - by_torch(folder, planes, hints)).max() > 1000 * TOLERANCE


@pytest.mark.parametrize("name", ENGINES)
def test_hints_and_mask_reach_the_network(name, make_model, rng):
    folder = make_model(depth=6, width=4, channels=3, stride=2, mask=True, hints=("sigma",))
    engine = load_engine(folder, name)
    planes = rng.random((8, 8, 4), np.float32)
    plain = engine(planes, np.zeros(2, np.float32))
    assert np.abs(plain - engine(planes, np.ones(2, np.float32))).max() > 1e-3
    planes[:, :, 3] = 0
    assert np.abs(plain - engine(planes, np.zeros(2, np.float32))).max() > 1e-3


def test_an_engine_never_changes_what_it_was_given(make_model, rng):
    folder = make_model(depth=4, width=4)
    planes = rng.random((8, 8, 1), np.float32)
    before = planes.copy()
    for name in ENGINES:
        load_engine(folder, name)(planes, np.zeros(0, np.float32))
        assert np.array_equal(planes, before)


def test_the_wrong_number_of_planes_is_refused(make_model):
    engine = load_engine(make_model(depth=4, width=4))
    with pytest.raises(OptionError, match="takes"):
        engine(np.zeros((4, 4, 3), np.float32), np.zeros(0, np.float32))


def test_the_wrong_number_of_hints_is_refused(make_model):
    engine = load_engine(make_model(depth=4, width=4, hints=("sigma",)))
    with pytest.raises(OptionError, match="2 hints"):
        engine(np.zeros((4, 4, 1), np.float32), np.zeros(4, np.float32))


def test_unknown_engines_threads_and_models_are_refused(make_model, tmp_path):
    folder = make_model(depth=4, width=4)
    with pytest.raises(OptionError, match="ncnn, onnx, torch"):
        load_engine(folder, "caffe")
    with pytest.raises(OptionError, match="threads"):
        load_engine(folder, threads=0)
    for name in ENGINES:
        with pytest.raises(ModelError):
            load_engine(tmp_path, name)


@pytest.mark.parametrize(("name", "package"), [("onnx", "onnxruntime"), ("onnx", "onnx"), ("torch", "torch")])
def test_an_engine_that_is_not_installed_says_which_extra_to_install(name, package, make_model, monkeypatch):
    import sys

    folder = make_model(depth=4, width=4)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(EngineError) as caught:
        load_engine(folder, name)
    assert str(caught.value).endswith(f": {install_command('train' if name == 'torch' else 'onnx')}")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_device_that_is_not_there_is_told(engine, make_model, monkeypatch):
    import ncnn
    import onnxruntime
    import torch

    monkeypatch.setattr(ncnn, "get_gpu_count", lambda: 0)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(EngineError, match="device cpu"):
        load_engine(make_model(depth=4, width=2), engine, device="gpu")
    with pytest.raises(OptionError, match="cpu or gpu"):
        load_engine(make_model(depth=4, width=2), engine, device="tpu")


def test_the_engine_torch_leaves_the_programs_settings_as_they_are(make_model, monkeypatch):
    cudnn, seen = torch.backends.cudnn, []
    engine = load_engine(make_model(depth=4, width=2), "torch")
    restore = engine.net.forward
    monkeypatch.setattr(
        engine.net, "forward", lambda *x: seen.append((cudnn.deterministic, cudnn.benchmark)) or restore(*x)
    )
    for settings in ((True, False), (False, True)):
        with cudnn.flags(enabled=True, deterministic=settings[0], benchmark=settings[1]):
            engine(np.zeros((4, 4, 1), np.float32), np.zeros(0, np.float32))
            assert (cudnn.deterministic, cudnn.benchmark) == settings
        assert seen.pop() == settings


def test_torch_uses_as_many_threads_as_it_is_told(make_model):
    folder, before = make_model(depth=4, width=2), torch.get_num_threads()
    try:
        for threads in (1, 3):
            load_engine(folder, "torch", threads=threads)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
