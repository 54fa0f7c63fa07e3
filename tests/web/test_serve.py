"""`rednet serve` as a process: how it starts, how it ends, and what is left when it is killed."""

import signal
import subprocess
import sys
import time

import httpx
import numpy as np
import pytest

from rednet.packages import install_command
from tests.web.conftest import as_bytes, files_below, running_server


def test_a_server_killed_in_the_middle_of_a_job_leaves_nothing_to_the_next(tmp_path, model):
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1600, 3), np.uint8)
    options = ["--no-page", "--model", model, "--threads", 1]
    with running_server(*options, tmpdir=tmp_path) as (process, url):
        answer = httpx.post(
            f"{url}v1/restore?task=denoise&wait=false&self_ensemble=true", content=as_bytes(noise, compress_level=0),
            headers={"content-type": "image/png"},
        )  # fmt: skip
        place = f"{url.rstrip('/')}{answer.headers['location']}"
        while httpx.get(place).json()["share"] == 0:
            time.sleep(0.02)
        assert httpx.get(place).json()["state"] == "running"
        process.kill()
        process.wait()
    left = files_below(tmp_path)
    assert any(path.name.startswith("picture") for path in left)  # else this proves nothing
    with running_server(*options, tmpdir=tmp_path) as (_, url):
        assert httpx.get(f"{url}healthz").status_code == 200
        assert [path.suffix for path in files_below(tmp_path)] == [".server"]
    assert not files_below(tmp_path)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_ends_tidily(ending, tmp_path, model):
    with running_server("--no-page", "--model", model, tmpdir=tmp_path) as (process, url):
        assert httpx.get(f"{url}healthz").json()["status"] == "ok"
        process.send_signal(ending)
        assert process.wait(20) == 0
        assert process.stderr.read() == "rednet: stopped\n"
    assert not files_below(tmp_path)


def refused(*options, **more):
    return subprocess.run(
        [sys.executable, "-m", "rednet", "serve", *map(str, options)],
        capture_output=True,
        text=True,
        timeout=60,
        **more,
    )


def test_an_open_address_without_a_token_is_refused():
    done = refused("--host", "0.0.0.0")
    assert done.returncode == 1 and done.stderr.startswith("rednet: 0.0.0.0 can be reached by others")


def test_a_port_that_is_taken_is_one_line(model):
    with running_server("--no-page", "--model", model) as (_, url):
        done = refused("--no-page", "--model", model, "--port", url.rstrip("/").rpartition(":")[2])
    assert done.returncode == 1 and "is the port taken?" in done.stderr


def test_a_missing_extra_is_one_line_that_says_how_to_get_it():
    code = "import sys; sys.modules['fastapi'] = None; sys.argv[1:] = ['serve']; import rednet.cli.app as a; a.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == f"rednet: serving needs the package fastapi: {install_command('web')}\n"


def test_the_token_may_come_from_the_environment(tmp_path, model):
    with running_server("--no-page", "--model", model, REDNET_TOKEN="secret") as (_, url):
        assert httpx.get(f"{url}v1/models").status_code == 401
        assert httpx.get(f"{url}v1/models", headers={"Authorization": "Bearer secret"}).status_code == 200
