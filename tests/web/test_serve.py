"""`rednet serve` as a process: how it starts, how it ends, and what is left when it is killed."""

import signal
import socket
import subprocess
import sys
import threading
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
        assert [path.suffix for path in files_below(tmp_path)] == [".lock"]
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


def test_a_client_that_waits_at_the_end_is_told_that_it_is_the_end(tmp_path, model):
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1600, 3), np.uint8)
    with running_server("--no-page", "--model", model, "--threads", 1, tmpdir=tmp_path) as (process, url):
        answers = []

        def ask():
            address = f"{url}v1/restore?task=denoise&self_ensemble=true&wait=true"
            headers = {"content-type": "image/png"}
            answers.append(httpx.post(address, content=as_bytes(noise, compress_level=0), headers=headers, timeout=60))

        asking = [threading.Thread(target=ask) for _ in range(3)]
        for thread in asking:
            thread.start()
        while "rednet_running_jobs 1.0" not in (text := httpx.get(f"{url}metrics").text) or "jobs 2.0" not in text:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        for thread in asking:
            thread.join(30)
        assert [answer.status_code for answer in answers] == [503, 503, 503]
        assert all("the server is stopping" in answer.json()["detail"] for answer in answers)
        assert process.wait(20) == 0 and process.stderr.read() == "rednet: stopped\n"
    assert not files_below(tmp_path)


@pytest.mark.parametrize("kind", ["image/png", "multipart/form-data; boundary=x"])
def test_an_upload_that_is_broken_off_is_one_line_in_the_log_and_leaves_nothing(kind, tmp_path, model):
    with running_server("--no-page", "--model", model, tmpdir=tmp_path) as (process, url):
        address = url.split("/")[2].split(":")
        with socket.create_connection((address[0], int(address[1]))) as connection:
            head = "POST /v1/restore HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000000\r\n"
            head += f"Content-Type: {kind}\r\n\r\n"
            part = '--x\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n'
            connection.sendall((head + part).encode() + b"x" * 3_000_000)
            time.sleep(0.5)
        time.sleep(0.5)
        assert httpx.get(f"{url}healthz").status_code == 200
        assert [path.suffix for path in files_below(tmp_path)] == [".lock"]
        process.terminate()
        lines = process.stderr.read().splitlines()
    assert len(lines) == 2 and "POST '/v1/restore' was broken off" in lines[0]
