"""Threads of ncnn sleep while they wait, so that other work does not slow them down many times."""

import json
import os
import re
import subprocess
import sys

import pytest

RESTORE = """
import json, os
{before}
import numpy as np, rednet
rednet.restore(np.zeros((8, 8), np.uint8))
print(json.dumps(os.environ.get("OMP_WAIT_POLICY")))
"""


def spins(before="", **environment):
    """Return the turns for which waiting threads spin, as the OpenMP library says, and the environment's policy."""
    inherited = {key: value for key, value in os.environ.items() if key not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    done = subprocess.run(
        [sys.executable, "-c", RESTORE.format(before=before)],
        capture_output=True, text=True, check=True, env=inherited | {"OMP_DISPLAY_ENV": "VERBOSE"} | environment,
    )  # fmt: skip
    return re.findall(r"GOMP_SPINCOUNT = '(\w+)'", done.stderr), json.loads(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="reads what GNU's OpenMP library prints")
def test_threads_sleep_while_they_wait_and_the_environment_stays_as_it_was():
    assert spins() == (["0"], None)


@pytest.mark.skipif(sys.platform != "linux", reason="reads what GNU's OpenMP library prints")
def test_a_users_own_policy_holds_and_a_library_that_was_loaded_before_keeps_its_own():
    assert spins(OMP_WAIT_POLICY="ACTIVE") == (["30000000000"], "ACTIVE")
    assert spins(before="import ncnn") == (["300000"], None)
