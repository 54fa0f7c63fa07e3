"""2,000 broken model folders, in a process of their own: each is one sentence, or a network that works."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(first, count, timeout):
    """Loads folders and gives what became of them; a crash, a hang or a traceback fails with the folder's number."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    command = [sys.executable, "-m", "tests.zoo.fuzz_models", str(first), str(count)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout)
    lines = done.stdout.splitlines() or ["none"]
    assert done.returncode == 0, f"folder {lines[-1]}: exit code {done.returncode}\n{done.stderr[-3000:]}"
    outcomes = json.loads(lines[-1])
    assert sum(outcomes.values()) == count
    return outcomes


def test_broken_model_folders_are_one_sentence_or_work():
    outcomes = run(0, 200, 300)
    assert outcomes["refused"] > 100 and outcomes["works"] > 30


@pytest.mark.slow
def test_2000_broken_model_folders_are_one_sentence_or_work():
    outcomes = run(200, 1800, 1500)
    assert outcomes["refused"] > 900 and outcomes["works"] > 300 and outcomes["overflows"] > 10
