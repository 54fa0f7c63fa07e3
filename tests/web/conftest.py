"""What the tests of the server share: a small network, applications, and a server of its own process."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from rednet.restoring.restorer import DEFAULT_TILE, Restorer
from rednet.web.app import Settings, make_app


@pytest.fixture(scope="session")
def model(make_model):
    return make_model(
        depth=4, width=4, channels=3, stride=2, mask=True, hints=("sigma", "quality", "scale", "deconvolved")
    )


@pytest.fixture(scope="session")
def restorer(model):
    return Restorer.from_pretrained(model, threads=1)


@pytest.fixture
def make_client(restorer, tmp_path):
    """Return a function that starts an application and returns a client of it."""
    clients = []

    def make(*, restorer=restorer, restorers=None, page=False, **settings):
        app = make_app(Settings(page=page, **settings), restorers or {"universal": restorer}, tmp_path)
        client = TestClient(app, base_url="http://127.0.0.1:8000")
        clients.append(client.__enter__())
        return client

    yield make
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def client(make_client):
    return make_client()


@pytest.fixture
def levels(rng):
    return rng.integers(0, 256, (40, 30, 3), np.uint8)


class PatientEngine:
    """Return no correction; from the second tile on, wait for the test's signal, or until a time limit."""

    layers = None

    def __init__(self, config, patience=30.0):
        self.config, self.patience, self.calls = config, patience, 0
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, planes, hints):
        self.calls += 1
        if self.calls > 1:
            self.begun.set()
            self.go.wait(self.patience)
        return np.zeros_like(planes[:, :, :3])


@pytest.fixture
def two_tiles(rng):
    return rng.integers(0, 256, (8, 2 * DEFAULT_TILE, 3), np.uint8)


def as_bytes(levels, kind="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(levels).save(file, kind, **options)
    return file.getvalue()


def as_levels(content):
    return np.asarray(Image.open(io.BytesIO(content)))


@contextmanager
def running_server(*options, tmpdir=None, **environment):
    """Runs `rednet serve` in a process of its own, and gives it and its address."""
    command = [sys.executable, "-m", "rednet", "serve", "--port", "0", *map(str, options)]
    told = {**os.environ, **environment, **({"TMPDIR": str(tmpdir)} if tmpdir else {})}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=told)
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield process, line.split()[0]
    finally:
        process.terminate()
        process.wait(30)


def files_below(folder):
    return [path for path in folder.rglob("*") if not path.is_dir()]


def restore(client, levels, *, files=None, **fields):
    """Send a picture in a form."""
    parts = {"picture": ("../../etc/passwd", as_bytes(levels), "image/png"), **(files or {})}
    return client.post("/v1/restore", files=parts, data=fields)


def ended(client, place):
    """Wait until a job has ended; return its state."""
    for _ in range(3000):
        status = client.get(place).json()
        if status["state"] in ("done", "failed", "cancelled"):
            return status
        time.sleep(0.01)
    raise AssertionError(status)
