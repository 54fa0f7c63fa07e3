"""A batch of 300 files, killed with SIGKILL 20 times at random moments, ends as an unbroken run does, byte for byte."""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

FILES, KILLS = 300, 20


def start(folder, out, model):
    command = [sys.executable, "-m", "rednet", "denoise", str(folder), "-o", str(out), "--recursive"]
    command += ["--model", str(model), "--threads", "1"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def content(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL")
def test_a_batch_that_is_killed_20_times_ends_as_an_unbroken_one(tmp_path, make_model):
    model = make_model(depth=4, width=4, channels=3, stride=2)
    rng = np.random.default_rng(0)
    for number in range(FILES):
        path = tmp_path / "in" / str(number % 7) / f"picture {number}.{('png', 'jpg', 'tif')[number % 3]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (60, 80, 3), np.uint8)).save(path)
    began = time.monotonic()
    unbroken = start(tmp_path / "in", tmp_path / "unbroken", model)
    _, errors = unbroken.communicate()
    assert unbroken.returncode == 0, errors
    lasted = time.monotonic() - began

    chance = random.Random(0)
    broken = tmp_path / "broken"
    killed = met = 0
    while killed < KILLS:
        process = start(tmp_path / "in", broken, model)
        time.sleep(chance.uniform(0.1, 0.35) * lasted)  # early enough that 20 kills leave something to do
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert process.returncode in (-signal.SIGKILL, 0)
        killed += 1
        met += 0 < len(list(broken.rglob("*.*"))) < FILES
        if killed % 4 == 0:  # make sure that there is always something left
            done = sorted(path for path in broken.rglob("picture *"))
            for path in chance.sample(done, len(done) // 2):
                path.unlink()
    assert met >= KILLS // 4
    last = start(tmp_path / "in", broken, model)
    _, errors = last.communicate()
    assert last.returncode == 0, errors
    assert content(broken) == content(tmp_path / "unbroken")
    assert len(content(broken)) == FILES + 1
