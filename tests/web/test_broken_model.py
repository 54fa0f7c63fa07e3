"""A network that gives no picture: neither the service nor the command line gives one."""

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from rednet.restoring.restorer import Restorer
from rednet.zoo.checking import WEIGHTS
from tests.command import rednet
from tests.web.conftest import as_bytes


@pytest.fixture
def overflowing(make_model):
    """A model folder of finite weights whose results are not finite."""
    folder = make_model(depth=4, width=4, channels=3, stride=2)
    tensors = load_file(folder / WEIGHTS)
    save_file({**tensors, "decoder.1.weight": np.full_like(tensors["decoder.1.weight"], 1e38)}, folder / WEIGHTS)
    return folder


@pytest.mark.parametrize("task", ["denoise", "upscale", "deblur"])
def test_the_service_answers_500_with_a_sentence(make_client, overflowing, levels, tmp_path, task):
    client = make_client(restorer=Restorer.from_pretrained(overflowing, threads=1))
    fields = {"task": task, **({"kernel": "disk:1"} if task == "deblur" else {})}
    answer = client.post("/v1/restore", files={"picture": ("a", as_bytes(levels), "image/png")}, data=fields)
    assert answer.status_code == 500 and "use another model" in answer.json()["detail"]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("verb", [["denoise"], ["upscale"], ["deblur", "--kernel", "disk:1"], ["restore", "--always"]])
def test_the_command_line_says_so_and_writes_nothing(overflowing, levels, tmp_path, verb):
    Image.fromarray(levels).save(tmp_path / "a.png")
    done = rednet(*verb, "a.png", "-o", "b.png", "--model", overflowing, cwd=tmp_path)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "use another model" in done.stderr.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
