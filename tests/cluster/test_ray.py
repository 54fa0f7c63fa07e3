"""A real Ray cluster of two machines (each a `ray start` of its own) restores pictures as one machine does."""

import importlib.util
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rednet.cluster.ray_cluster import ATTEMPTS, Needs, Work, connected, restore_on_cluster
from rednet.cluster.records import Records
from rednet.cluster.remote import list_jobs
from rednet.cluster.storage import Storage
from rednet.errors import EngineError, OptionError
from rednet.files.ledger import LEDGER, Ledger
from rednet.files.listing import list_entries
from rednet.files.many import Batch, restore_files
from rednet.restoring.restorer import Restorer
from tests.tasks import BLIND, handle

pytestmark = pytest.mark.cluster
with_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed")
SOURCE = Path(__file__).parents[2] / "src"
PATIENCE_S = 180
SMALL = ("--threads", "1", "--max-memory", "500M")
NEEDS = Needs(threads=1, memory=500_000_000, gpus=0)


class Machine:
    """A machine of the cluster: one `ray start` with a processor; its processes carry a mark in their environment."""

    def __init__(self, *arguments, folder):
        self.mark = f"REDNET_TEST_MACHINE={uuid.uuid4().hex}"
        name, value = self.mark.split("=")
        ray = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--node-ip-address=127.0.0.1"]
        ray += ["--num-cpus=1", "--memory=2000000000", "--object-store-memory=80000000", "--disable-usage-stats"]
        environment = {
            **os.environ, name: value, "PYTHONPATH": str(SOURCE), "TMPDIR": str(folder),
            "RAY_raylet_start_wait_time_s": str(PATIENCE_S),
            "RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S": str(PATIENCE_S),
        }  # fmt: skip
        self.log = (folder / f"{value}.log").open("wb")
        self.process = subprocess.Popen([*ray, *arguments], env=environment, stdout=self.log, stderr=self.log)

    def kill(self):
        """Kill everything on the machine at once."""
        for number in Path("/proc").glob("[0-9]*"):
            try:
                if self.mark.encode() in (number / "environ").read_bytes():
                    os.kill(int(number.name), signal.SIGKILL)
            except OSError:  # it has ended
                continue
        self.process.wait()
        self.log.close()


class Cluster:
    def __init__(self, folder):
        self.folder, self.machines = folder, []
        with socket.socket() as free, socket.socket() as other:
            free.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            port, self.client_port = free.getsockname()[1], other.getsockname()[1]
        self.port, self.address = port, f"127.0.0.1:{port}"

    def start(self):
        self.add(
            "--head", f"--port={self.port}", f"--ray-client-server-port={self.client_port}",
            "--include-dashboard=false", f"--temp-dir={self.folder}",
        )  # fmt: skip
        self.wait(self.join)

    def join(self):
        with connected(self.address) as ray:
            self.wait_for(ray, len(self.machines))
            if len(self.machines) == 1:
                self.add(f"--address={self.address}")
            self.wait_for(ray, 2)

    def add(self, *arguments):
        self.machines.append(Machine(*arguments, folder=self.folder))

    def kill_worker(self):
        self.machines.pop().kill()

    def wait(self, attempt):
        began = time.monotonic()
        while True:
            try:
                return attempt()
            except Exception:
                assert time.monotonic() - began < PATIENCE_S, "no cluster"
                time.sleep(0.2)

    def wait_for(self, ray, machines):
        def look():
            assert sum(node["Alive"] for node in ray.nodes()) == machines

        self.wait(look)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with tempfile.TemporaryDirectory(prefix="r", ignore_cleanup_errors=True) as folder:
        cluster = Cluster(Path(folder))
        try:
            cluster.start()
            yield cluster
        finally:
            while cluster.machines:
                cluster.kill_worker()


@pytest.fixture(scope="module")
def model(make_model):
    return make_model(depth=4, width=2, channels=3, stride=2)


@pytest.fixture
def pictures(tmp_path):
    def make(count):
        for number in range(count):
            path = tmp_path / "in" / f"{number % 7}" / f"picture {number}.{('png', 'jpg', 'tif')[number % 3]}"
            path.parent.mkdir(parents=True, exist_ok=True)
            levels = np.random.default_rng(number).integers(0, 256, (24 + number % 5, 30, 3), np.uint8)
            Image.fromarray(levels).save(path)
        return tmp_path / "in"

    return make


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def on_one_machine(inputs, out, model):
    out.mkdir()
    with Ledger(out, "job") as ledger:
        entries = list_entries(inputs, out, recursive=True)
        restore_files(entries, Batch(lambda _: BLIND, handle()), Restorer.from_pretrained(model, threads=1), ledger)
    return files(out)


def run(ray, inputs, out, model, *, task_for=lambda _: BLIND, fingerprint=lambda: "job", on_report=lambda _: None):
    known = Records(Storage(str(out)), "job")
    jobs = list_jobs([Storage(str(inputs))], known, recursive=True)
    restorer = partial(Restorer.from_pretrained, model, threads=1)
    with known:
        work = Work(Batch(task_for, handle()), restorer, fingerprint, "job")
        return restore_on_cluster(ray, NEEDS, jobs, work, known, on_report)


@with_ray
def test_a_machine_is_killed_another_joins_and_all_is_as_on_one_machine(cluster, pictures, model, tmp_path, caplog):
    inputs, log, done = pictures(500), tmp_path / "processes", []

    def task_for(path):  # pickled by value; runs in the slots
        with log.open("a") as file:
            file.write(f"{os.getpid()}\n")
        began = time.monotonic()
        while len(seen := log.read_text().split()) > 300 and len(set(seen)) < 3 and time.monotonic() - began < 60:
            time.sleep(0.1)  # for the machine that joins
        return BLIND

    def on_report(report):
        done.append(report)
        if len(done) == 120:
            cluster.kill_worker()
            cluster.add(f"--address={cluster.address}")
        if len(done) == 200:
            cluster.wait_for(ray, 2)

    with connected(cluster.address) as ray, caplog.at_level(logging.WARNING):
        cluster.wait_for(ray, 2)
        reports = run(ray, inputs, tmp_path / "out", model, task_for=task_for, on_report=on_report)
        assert Counter(report.status for report in reports) == {"restored": 500}
        assert len(set(log.read_text().split())) == 3, "three processes on three machines"
        assert "was lost with its" in caplog.text
        made, expected = files(tmp_path / "out"), on_one_machine(inputs, tmp_path / "expected", model)
        rows = [json.loads(row) for row in made.pop(LEDGER).splitlines()]
        known = [json.loads(row) for row in expected.pop(LEDGER).splitlines()]
        assert made == expected
        assert [{k: v for k, v in row.items() if not k.endswith("_mark")} for row in rows] == known
        again = run(ray, inputs, tmp_path / "out", model)
        assert Counter(report.status for report in again) == {"kept": 500}
    with Ledger(tmp_path / "out", "job") as ledger:  # one machine goes on from there
        kept = restore_files(
            list_entries(inputs, tmp_path / "out", recursive=True), Batch(lambda _: BLIND, handle()),
            Restorer.from_pretrained(model), ledger,
        )  # fmt: skip
    assert Counter(report.status for report in kept) == {"kept": 500}


@with_ray
def test_a_picture_that_kills_its_process_is_reported_and_the_others_are_restored(cluster, pictures, model, tmp_path):
    inputs = pictures(12)
    (inputs / "0" / "broken.png").write_bytes(b"no picture")

    def task_for(path):
        if path.name == "picture 5.tif":
            os._exit(1)
        return BLIND

    with connected(cluster.address) as ray:
        reports = {
            Path(report.input).name: report for report in run(ray, inputs, tmp_path / "out", model, task_for=task_for)
        }
        bad, broken = reports.pop("picture 5.tif"), reports.pop("broken.png")
        assert f"{ATTEMPTS} processes were lost" in bad.error and bad.input.endswith("in/5/picture 5.tif")
        assert broken.error.startswith(f"{inputs}/0/broken.png")
        assert {report.status for report in reports.values()} == {"restored"} and len(reports) == 11
        assert {report.status for report in run(ray, inputs, tmp_path / "out", model)} == {"kept", "restored", "failed"}


@with_ray
def test_slots_that_would_make_other_outputs_are_refused(cluster, pictures, model, tmp_path):
    with connected(cluster.address) as ray:
        with pytest.raises(EngineError, match="another version of rednet or of the model"):
            run(ray, pictures(3), tmp_path / "out", model, fingerprint=lambda: "other")
        with pytest.raises(EngineError, match="did not start: there is no model"):
            run(ray, tmp_path / "in", tmp_path / "out", tmp_path / "none")


def rednet(*arguments, **options):
    command = [sys.executable, "-m", "rednet", "denoise", *map(str, arguments)]
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell lets its background ignore Ctrl-C
    return subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heed, **options
    )


@with_ray
def test_the_command_is_stopped_and_goes_on(cluster, pictures, model, tmp_path):
    inputs, out = pictures(200), tmp_path / "out"
    flags = ("-r", "-o", f"file://{out}", "--model", model, "--cluster", cluster.address, *SMALL)
    stopped = rednet(inputs, *flags)
    began = time.monotonic()
    while len(list(out.rglob("picture*"))) < 20 and stopped.poll() is None:
        assert time.monotonic() - began < PATIENCE_S
        time.sleep(0.05)
    stopped.send_signal(signal.SIGINT)
    printed = stopped.communicate(timeout=PATIENCE_S)
    assert stopped.returncode == 130 and "Traceback" not in printed[1], printed
    assert 0 < len(list(out.rglob("picture*"))) < 200
    again = rednet(inputs, *flags)
    printed = again.communicate(timeout=PATIENCE_S)
    assert again.returncode == 0 and "kept" in printed[0], printed
    assert len(list(out.rglob("picture*"))) == 200
    assert not [path for path in out.rglob(".*") if path.name != LEDGER]


@with_ray
def test_another_machine_reaches_the_cluster_by_its_url(cluster, pictures, model, tmp_path):
    inputs, url = pictures(3), f"ray://127.0.0.1:{cluster.client_port}"

    def restore():  # again and again: Ray gives up after half a minute if the machine is busy
        done = rednet(inputs, "-r", "-o", tmp_path / "out", "--model", model, "--cluster", url, *SMALL)
        printed = done.communicate(timeout=PATIENCE_S)
        assert done.returncode == 0 and "3 restored" in printed[0], printed

    cluster.wait(restore)


@with_ray
@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "nowhere"])
def test_an_address_without_a_cluster_is_said(address):
    with pytest.raises(OptionError, match=f"no Ray cluster answers at {address} .*start one"), connected(address):
        pass


def test_without_ray_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(OptionError, match=r"work on a cluster needs the package ray: pip install"), connected("auto"):
        pass
