"""Model folders that are no models: one line each, before any engine sees them."""

import json
import os
import resource
import struct
import time

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from safetensors.torch import save_file as save_torch

from rednet.engines.loading import ENGINES, load_engine
from rednet.errors import ModelError
from rednet.images import from_array
from rednet.images.writing import write_picture
from rednet.network.architecture import REDNetConfig
from rednet.network.model import REDNet
from rednet.restoring.restorer import Restorer
from rednet.zoo.checking import CONFIG, MAX_HEADER_BYTES, WEIGHTS
from rednet.zoo.model_folder import load_chain, load_network
from tests.tasks import run_task

FIELDS = {"depth": 4, "width": 5, "channels": 3, "stride": 2, "mask": True, "hints": ("sigma",)}


@pytest.fixture
def folder(make_model):
    return make_model(**FIELDS)


def refused(folder):
    """Return the sentence with which both ways into an engine refuse a folder."""
    sentences = []
    for load in (load_chain, load_network):
        with pytest.raises(ModelError) as caught:
            load(folder)
        sentences.append(str(caught.value))
    assert sentences[0] == sentences[1]
    assert "\n" not in sentences[0] and len(sentences[0]) < 400
    return sentences[0]


def rewrite(folder, change):
    """Changes the tensors of a model folder by a function of their names and values."""
    tensors = {name: change(name, value) for name, value in load_file(folder / WEIGHTS).items()}
    save_file({name: np.ascontiguousarray(v) for name, v in tensors.items() if v is not None}, folder / WEIGHTS)


@pytest.mark.parametrize("fields", [FIELDS, {"depth": 10, "width": 8}, {"depth": 4, "stride": 3, "skips": False}])
def test_the_tensors_of_a_shape_are_those_of_the_torch_network(fields):
    config = REDNetConfig(**fields)
    assert {name: tuple(value.shape) for name, value in REDNet(config).state_dict().items()} == config.tensors


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("\xff", "not JSON"),
        ("3", "holds 3"),
        ("[4, 3]", "holds"),
        ("[" * 60_000, "brackets"),
        ('{"depth": ' * 5000, "brackets"),
        ('{"depth": ' + "1" * 5000 + "}", "not JSON"),
        (" " * 70_000 + "{}", "bytes"),
        ('{"depth": 1e9}', "whole number"),
        ('{"depth": 1000000000}', "from 4 to 200"),
        ('{"depth": 4.0}', "whole number"),
        ('{"depth": NaN}', "whole number"),
        ('{"depth": true}', "whole number"),
        ('{"depth": null}', "whole number"),
        ('{"depth": -4}', "from 4 to 200"),
        ('{"depth": 7}', "even"),
        ('{"width": 1000000000}', "from 1 to 1024"),
        ('{"width": "64"}', "whole number"),
        ('{"width": [64]}', "whole number"),
        ('{"depth": 200, "width": 1024}', "weights"),
        ('{"channels": 2}', "channels is 2"),
        ('{"channels": true}', "whole number"),
        ('{"stride": 9}', "stride is 9"),
        ('{"mask": "false"}', "true or false"),
        ('{"mask": 1}', "true or false"),
        ('{"skips": null}', "true or false"),
        ('{"hints": "sigma"}', "list of names"),
        ('{"hints": {"sigma": 1}}', "list of names"),
        ('{"hints": [["sigma"]]}', "list of names"),
        ('{"hints": ["sigma", "sigma"]}', "different names"),
        (json.dumps({"hints": [str(number) for number in range(99)]}), "different names"),
        ('{"colour\\n": 3}', "the fields are"),
    ],
)  # fmt: skip
def test_a_config_that_is_none_is_one_sentence(folder, content, words):
    (folder / CONFIG).write_text(content, "latin-1")
    assert words in refused(folder)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["encoder.0.weight", "decoder.1.bias"])
def test_weights_that_are_not_finite_are_refused(folder, name, number):
    def harm(at, value):
        if at == name:
            value.flat[-1] = number
        return value

    rewrite(folder, harm)
    assert name in (words := refused(folder)) and "not finite" in words


@pytest.mark.parametrize("name", REDNetConfig(**FIELDS).tensors)
@pytest.mark.parametrize("harm", ["row", "flat", "scalar", "longer", "turned", "missing", "int", "double"])
def test_every_tensor_has_its_shape_and_type(folder, name, harm):
    def change(at, value):
        if at != name:
            return value
        return {
            "row": value[None],  # a bias of shape (1, 5) ended the process in ncnn
            "flat": value.ravel() if value.ndim > 1 else value[:-1],
            "scalar": np.float32(1).reshape(()),
            "longer": np.concatenate([value, value]),
            "turned": value.T if value.ndim > 1 else value[:, None],
            "missing": None,
            "int": value.astype(np.int32),
            "double": value.astype(np.float64),
        }[harm]

    rewrite(folder, change)
    assert name in refused(folder)


def test_a_tensor_too_many_is_refused(folder):
    tensors = load_file(folder / WEIGHTS)
    save_file({**tensors, "decoder.2.bias\n": tensors["decoder.1.bias"]}, folder / WEIGHTS)
    assert "also has" in refused(folder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        bytes(8),
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", MAX_HEADER_BYTES + 1) + b" " * (MAX_HEADER_BYTES + 1),
        struct.pack("<Q", 60_000) + b"[" * 60_000,
        struct.pack("<Q", 30_000) + b'{"a":' * 6_000,
    ],
)
def test_a_file_that_is_no_safetensors_file_is_refused(folder, content):
    (folder / WEIGHTS).write_bytes(content)
    refused(folder)


def test_a_file_larger_than_its_network_is_not_read_into_memory(folder):
    with (folder / WEIGHTS).open("r+b") as file:
        file.truncate(1 << 40)  # it takes no room on the disk
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "bytes" in refused(folder)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
@pytest.mark.parametrize("kind", ["pipe", "link to a device", "link to a pipe", "folder"])
def test_only_regular_files_are_opened(folder, name, kind, tmp_path):
    path = folder / name
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link to a device":
        path.symlink_to("/dev/zero")
    elif kind == "link to a pipe":
        os.mkfifo(tmp_path / "pipe")
        path.symlink_to(tmp_path / "pipe")
    else:
        path.mkdir()
    start = time.monotonic()
    assert name in refused(folder)
    assert time.monotonic() - start < 60  # a pipe that is opened waits for ever


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_weights_of_16_bits_are_widened(folder, dtype, rng):
    narrow = {name: torch.from_numpy(value).to(dtype) for name, value in load_file(folder / WEIGHTS).items()}
    save_torch(narrow, folder / WEIGHTS)
    for name, value in load_network(folder).state_dict().items():
        assert value.dtype == torch.float32 and torch.equal(value, narrow[name].float())
    planes, hints = rng.random((9, 7, 4), np.float32), np.zeros(2, np.float32)
    expected = load_engine(folder, "torch")(planes, hints)
    np.testing.assert_allclose(load_engine(folder, "ncnn")(planes, hints), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("weight", [1e38, -1e38, 1e20, 1e10])
def test_a_network_that_overflows_gives_an_error_and_no_picture(folder, engine, weight, tmp_path, photo, monkeypatch):
    rewrite(folder, lambda name, value: np.full_like(value, weight) if name == "decoder.1.weight" else value)
    restorer = Restorer.from_pretrained(folder, engine=engine)
    for image in (photo, (photo * 255).astype(np.uint8)):
        for options in ({}, {"self_ensemble": True}):
            with pytest.raises(ModelError, match="another model"):
                restorer.restore(image, facts={}, **options)
    write_picture(tmp_path / "a.png", from_array((photo * 255).astype(np.uint8)))
    for streamed in (False, True):
        monkeypatch.setattr("rednet.files.file.STREAM_FROM", 0 if streamed else 1e9)
        with pytest.raises(ModelError, match="another model"):
            run_task(tmp_path / "a.png", tmp_path / "b.png", restorer)
        assert not (tmp_path / "b.png").exists()
