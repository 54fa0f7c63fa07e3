"""A job that is stopped, at whatever moment, is in one state from then on, and its picture serves further jobs."""

import asyncio
import threading

import pytest

from rednet.files.proof import FileTask
from rednet.restoring.restorer import Restorer
from tests.web.conftest import PatientEngine, as_bytes, ended


class Pause:
    """Halts a step of a restoration until the test lets it go on."""

    def __init__(self, monkeypatch, step):
        self.begun, self.go = threading.Event(), threading.Event()
        whole = getattr(FileTask, step)

        def halting(work):
            self.begun.set()
            assert self.go.wait(60)
            whole(work)

        monkeypatch.setattr(FileTask, step, halting)


@pytest.fixture
def engine(restorer):
    return PatientEngine(restorer.engine.config)


@pytest.fixture
def client(make_client, engine):
    return make_client(restorer=Restorer(engine))


def begin(client, levels, **fields):
    """Send a picture; return the id of its job."""
    files = {"picture": ("a.png", as_bytes(levels), "image/png")}
    answer = client.post("/v1/restore", files=files, data={"wait": "false", "task": "denoise", **fields})
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def stop(client, job):
    """Stop a job; return the state that it ended in."""
    answer = client.post(f"/v1/jobs/{job}/stop")
    assert answer.status_code == 200
    return answer.json()["state"]


def check_cancelled(client, job):
    """Check that a job is cancelled wherever it is asked for."""
    status = client.get(f"/v1/jobs/{job}").json()
    assert (status["state"], status["picture"], status["views"]) == ("cancelled", None, ["before"])
    assert status["error"] == "the job was cancelled"
    for path in (f"/v1/jobs/{job}/picture", f"/v1/archive?job={job}", f"/v1/iiif/{job}-after/info.json"):
        assert client.get(path).status_code == 409
    assert "cancelled" in client.get(f"/v1/jobs/{job}/events").text
    assert stop(client, job) == "cancelled"


def check_serves(client, job):
    """Check that a further job can be made of a job's picture."""
    again = client.post(f"/v1/restore?task=denoise&picture_of={job}&wait=false", content=b"")
    assert ended(client, again.headers["location"])["state"] == "done"


def kept(tmp_path):
    return sorted(path.name for path in tmp_path.glob("job-*/*"))


def test_while_it_waits(client, engine, two_tiles):
    first = begin(client, two_tiles)
    assert engine.begun.wait(60)
    second = begin(client, two_tiles)
    assert stop(client, second) == "cancelled"
    check_cancelled(client, second)
    calls = engine.calls
    engine.go.set()
    assert ended(client, f"/v1/jobs/{first}")["state"] == "done"
    check_cancelled(client, second)
    assert engine.calls == calls  # the first job was in its last tile
    check_serves(client, second)


@pytest.mark.parametrize("step", ["read", "find", "conclude"])
def test_while_it_is_read_or_looked_at_or_after_its_last_band(client, engine, two_tiles, step, monkeypatch, tmp_path):
    engine.go.set()
    pause = Pause(monkeypatch, step)
    job = begin(client, two_tiles, task="auto", always="true")
    assert pause.begun.wait(60)
    assert stop(client, job) == "cancelled"
    check_cancelled(client, job)
    pause.go.set()
    check_serves(client, job)  # it runs after the stopped one has left the network
    check_cancelled(client, job)
    client.delete(f"/v1/jobs/{job}")


def test_while_the_network_runs(client, engine, two_tiles, tmp_path):
    job = begin(client, two_tiles)
    assert engine.begun.wait(60)
    assert stop(client, job) == "cancelled"
    check_cancelled(client, job)
    engine.go.set()
    check_serves(client, job)
    check_cancelled(client, job)


def test_what_was_made_before_the_stop_is_deleted(make_client, levels, tmp_path, monkeypatch):
    client, pause = make_client(), Pause(monkeypatch, "conclude")
    job = begin(client, levels, sigma="25")
    assert pause.begun.wait(60)
    assert "correction0.npy" in kept(tmp_path)
    stop(client, job)
    other = begin(client, levels)
    pause.go.set()
    assert ended(client, f"/v1/jobs/{other}")["state"] == "done"
    client.delete(f"/v1/jobs/{other}")
    assert kept(tmp_path) == ["picture.png"]


def test_just_after_it_is_done(client, engine, two_tiles):
    engine.go.set()
    job = begin(client, two_tiles)
    assert ended(client, f"/v1/jobs/{job}")["state"] == "done"
    assert stop(client, job) == "done"
    assert client.get(f"/v1/jobs/{job}/picture").status_code == 200
    check_serves(client, job)


def test_a_job_that_is_not_there_cannot_be_stopped(client):
    assert client.post("/v1/jobs/none/stop").status_code == 404


def test_a_client_that_leaves_before_its_answer_leaves_no_job(client, engine, two_tiles, tmp_path):
    messages = [{"type": "http.request", "body": as_bytes(two_tiles), "more_body": False}, {"type": "http.disconnect"}]
    answer = []

    async def receive():
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message):
        answer.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/v1/restore", "raw_path": b"/v1/restore", "scheme": "http",
        "query_string": b"task=denoise&wait=false",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"image/png")],
    }  # fmt: skip
    asyncio.run(client.app(scope, receive, send))
    assert answer[0]["status"] == 202
    engine.go.set()
    check_serves(client, begin(client, two_tiles))  # the network is free again
    assert len(client.get("/metrics").text.split('rednet_jobs_total{state="cancelled"} 1.0')) == 2
    assert len(list(tmp_path.glob("job-*"))) == 2
