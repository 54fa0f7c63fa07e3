"""Models come from a hub and go to it; the hub here is a server on loopback."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from rednet.zoo.checking import CONFIG, WEIGHTS
from rednet.zoo.shipped import find_model
from tests.zoo.hub_server import Hub

pytest.importorskip("huggingface_hub")


@pytest.fixture
def hub():
    server = Hub()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def run(hub, tmp_path):
    """Return a function that runs Python code in its own process: the hub's address is read at import."""

    def run(code, **more):
        home = {"HF_HOME": str(tmp_path / "hub"), "HF_TOKEN": "hf_test", "HF_HUB_DISABLE_TELEMETRY": "1", **more}
        names = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1", "NO_PROXY": "127.0.0.1", **home}
        return subprocess.run(
            [sys.executable, "-c", code], env=names, capture_output=True, text=True, cwd=tmp_path, timeout=300
        )

    return run


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_model_on_the_hub_is_used_by_its_name(hub, run, make_model, tmp_path, photo):
    from PIL import Image

    folder = make_model(depth=4, width=4, channels=3, hints=("sigma",))
    hub.repositories["somebody/denoiser"] = {**files_of(folder), "evil.py": b"raise SystemExit", "x.bin": b"0" * 99}
    Image.fromarray((255 * photo).astype(np.uint8)).save(tmp_path / "photo.png")
    asked = (
        "from rednet.cli.app import main; import sys; sys.argv = ['rednet', 'denoise', 'photo.png', '--sigma', '9', "
    )
    by_name = run(asked + "'-o', 'a.png', '--model', 'hf:somebody/denoiser']; main()")
    assert by_name.returncode == 0, by_name.stderr
    by_path = run(asked + f"'-o', 'b.png', '--model', {str(folder)!r}]; main()")
    assert by_path.returncode == 0, by_path.stderr
    a, b = (np.asarray(Image.open(tmp_path / name)) for name in ("a.png", "b.png"))
    assert np.array_equal(a, b)
    assert not any("evil" in path or "x.bin" in path for path in hub.asked)


def test_what_was_downloaded_once_is_used_without_the_hub(hub, run, make_model):
    hub.repositories["somebody/denoiser"] = files_of(make_model(depth=4, width=4))
    code = "from rednet.zoo.shipped import find_model; print(find_model('hf:somebody/denoiser'))"
    first = run(code)
    assert first.returncode == 0, first.stderr
    hub.repositories.clear()
    assert run(code, HF_HUB_OFFLINE="1").stdout == first.stdout


@pytest.mark.parametrize("name", ["somebody/nothing", "not a name", "a/b/c", ""])
def test_a_model_that_is_not_on_the_hub_is_one_plain_sentence(run, name):
    asked = f"['rednet', 'export', 'x.onnx', '--model', 'hf:{name}']"
    ended = run(f"from rednet.cli.app import main; import sys; sys.argv = {asked}; main()")
    assert ended.returncode == 1
    assert ended.stderr.startswith("rednet: cannot get the model")
    assert ended.stderr.count("\n") == 1


def test_a_broken_model_on_the_hub_is_refused(hub, run, make_model):
    files = files_of(make_model(depth=4, width=4))
    hub.repositories["somebody/broken"] = {**files, WEIGHTS: files[WEIGHTS][:-4]}
    ended = run("import rednet; rednet.Restorer.from_pretrained('hf:somebody/broken')")
    assert "ModelError" in ended.stderr
    assert "is broken" in ended.stderr


def test_a_network_goes_to_the_hub_and_comes_back(hub, run, make_model):
    folder = make_model(depth=6, width=4, channels=3, stride=2, mask=True, hints=("sigma",))
    pushed = run(f"""if True:
        from rednet.zoo.pretrained import REDNet
        REDNet.from_pretrained({str(folder)!r}).push_to_hub("somebody/mine")
    """)
    assert pushed.returncode == 0, pushed.stderr
    files = hub.repositories["somebody/mine"]
    assert json.loads(files[CONFIG])["hints"] == ["sigma"]
    card = files["README.md"].decode()
    assert card.startswith("---\nlibrary_name: rednet\npipeline_tag: image-to-image\n")
    assert 'from_pretrained("hf:somebody/mine")' in card
    back = run(f"""if True:
        import torch
        from rednet.zoo.pretrained import REDNet
        one, two = REDNet.from_pretrained("somebody/mine"), REDNet.from_pretrained({str(folder)!r})
        assert one.config == two.config and not one.training
        assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    """)
    assert back.returncode == 0, back.stderr


def test_a_saved_network_is_a_model_folder_like_any_other(make_model, tmp_path):
    from rednet.engines.loading import load_engine
    from rednet.zoo.pretrained import REDNet

    folder = make_model(depth=4, width=4, channels=3)
    REDNet.from_pretrained(folder).save_pretrained(tmp_path / "mine")
    assert load_engine(find_model(tmp_path / "mine")).config == load_engine(folder).config
    assert (tmp_path / "mine" / WEIGHTS).read_bytes() == (folder / WEIGHTS).read_bytes()
