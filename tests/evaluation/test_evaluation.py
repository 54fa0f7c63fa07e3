import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from rednet.degradations import GaussianNoise, Scaling
from rednet.errors import OptionError
from rednet.evaluation.measure import measure
from rednet.evaluation.protocols import PROTOCOLS, Protocol
from rednet.inference.restorer import Restorer


class Perfect(Restorer):
    """Answers with a known residual, so that the measured PSNR is known."""

    def __init__(self, offset):
        self.offset, self.seen = offset, []

    def residual(self, y, facts, mask=None, self_ensemble=False, progress=None):
        self.seen.append((y, dict(facts)))
        return np.float32(self.offset) - y


@pytest.fixture
def data(tmp_path):
    (tmp_path / "set").mkdir()
    for name in "ab":
        Image.new("RGB", (13, 11), (102, 102, 102)).save(tmp_path / "set" / f"{name}.png")
    return tmp_path


def test_psnr_is_taken_between_the_clean_picture_and_the_clipped_restored_one(data):
    protocol = Protocol("set", GaussianNoise(25), "rgb", "")
    scores = measure(protocol, Perfect(0.5), data)
    assert [score.picture for score in scores] == ["a.png", "b.png"]
    assert [score.restored for score in scores] == pytest.approx([20.0, 20.0], abs=1e-3)  # 0.5 against 0.4


@pytest.mark.parametrize(("told", "facts"), [("level", {"sigma": 25.0}), ("task", {"sigma": None}), ("nothing", {})])
def test_the_network_is_told_what_the_caller_says(data, told, facts):
    restorer = Perfect(0.5)
    measure(Protocol("set", GaussianNoise(25), "rgb", ""), restorer, data, told=told)
    assert restorer.seen[0][1] == facts


def test_each_picture_has_its_own_noise_and_always_the_same(data):
    runs = []
    for _ in range(2):
        restorer = Perfect(0.5)
        measure(Protocol("set", GaussianNoise(25), "rgb", ""), restorer, data)
        runs.append([y for y, _ in restorer.seen])
    assert np.array_equal(runs[0][0], runs[1][0])
    assert not np.array_equal(runs[0][0], runs[0][1])


def test_scaling_is_measured_on_luma_cropped_to_a_multiple(data):
    restorer = Perfect(0.5)
    measure(Protocol("set", Scaling(3), "luma", "", multiple=3, crop_border=3), restorer, data)
    assert restorer.seen[0][0].shape == (9, 12, 1)
    assert restorer.seen[0][0].mean() * 255 == pytest.approx(16 + 219 * 0.4, abs=0.01)


def test_a_missing_set_says_what_to_give(data):
    with pytest.raises(OptionError, match="--data"):
        measure(PROTOCOLS["set5-x2"], Perfect(0.5), data)


def test_the_command_prints_a_table_or_json(tmp_path, make_model):
    folder = tmp_path / "test" / "set5"
    folder.mkdir(parents=True)
    Image.effect_noise((40, 30), 50).convert("RGB").save(folder / "a.png")
    model = make_model(depth=4, width=4, channels=3, stride=2, mask=True, hints=("scale",))
    command = [sys.executable, "-m", "rednet", "evaluate", "--data", tmp_path, "--model", model, "--protocol", "set5-x"]
    table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "| set5-x2 | 1 |" in table and "| set5-x4 | 1 |" in table
    report = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout)
    assert list(report) == ["set5-x2", "set5-x3", "set5-x4"] and report["set5-x2"][0]["picture"] == "a.png"
