"""An S3 server on this machine that fails again and again: nothing is lost, and no object is half written."""

import os
import threading
import time
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from rednet.cluster import storage
from rednet.cluster.records import Records
from rednet.cluster.remote import list_jobs, restore_jobs
from rednet.cluster.storage import Storage
from rednet.errors import ImageError
from rednet.files.ledger import LEDGER, Ledger
from rednet.files.listing import list_entries
from rednet.files.many import Batch, restore_files
from rednet.restoring.restorer import Restorer
from tests.tasks import BLIND, handle

s3fs = pytest.importorskip("s3fs")
moto = pytest.importorskip("moto.server")
serving = pytest.importorskip("werkzeug.serving")
pytestmark = pytest.mark.cluster
PICTURES = 40
FAULTS = ("500", "503", "before", "after", "late")
ERROR = "<Error><Code>{}</Code><Message>injected</Message></Error>"


class Faults:
    """A server in front of moto's that lets some requests fail; `chance` is the fraction of those that do."""

    def __init__(self):
        self.inner = moto.DomainDispatcherApplication(moto.create_backend_app)
        self.random, self.chance, self.seen, self.lock = np.random.default_rng(0), 0.0, Counter(), threading.Lock()
        self.only, self.look = "", lambda request: None

    def __call__(self, request, respond):
        self.look(request)
        with self.lock:
            fails = self.random.random() < self.chance and self.only in ("", request["REQUEST_METHOD"])
            fault = str(self.random.choice(FAULTS)) if fails else ""
        self.seen[fault] += 1
        if fault in ("500", "503", "before"):
            request["wsgi.input"].read(int(request.get("CONTENT_LENGTH") or 0) // 2)  # the half of it
        if fault == "before":
            raise ConnectionError("the server breaks off before it has done anything")
        if fault in ("500", "503"):
            code = "InternalError" if fault == "500" else "SlowDown"
            respond(f"{fault} injected", [("Content-Type", "application/xml"), ("Connection", "close")])
            return [ERROR.format(code).encode()]
        if fault == "late":
            time.sleep(2 * storage.READ_TIMEOUT_S)
        if fault == "after":
            list(self.inner(request, lambda *_: None))
            raise ConnectionError("the server breaks off after it has done all")
        return self.inner(request, respond)


@pytest.fixture(scope="module")
def server():
    app = Faults()
    running = serving.make_server("127.0.0.1", 0, app, threaded=True)
    running.log_startup = None
    threading.Thread(target=running.serve_forever, daemon=True).start()
    settings = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{running.port}", "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            patch.delenv(name, raising=False)
        patch.setattr(storage, "READ_TIMEOUT_S", 1)
        patch.setattr(storage, "FIRST_PAUSE_S", 0.05)
        yield app
    running.shutdown()


@pytest.fixture
def bucket(server, tmp_path):
    server.chance, server.only = 0.0, ""
    name = f"bucket-{os.getpid()}-{time.monotonic_ns()}"
    disk = Storage(f"s3://{name}").disk
    disk.mkdir(name)
    for number in range(PICTURES):
        path = tmp_path / "in" / str(number % 3) / f"picture {number}.{('png', 'jpg')[number % 2]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        levels = np.random.default_rng(number).integers(0, 256, (30, 40, 3), np.uint8)
        Image.fromarray(levels).save(path)
    disk.put(f"{tmp_path}/in", f"{name}/in", recursive=True)
    yield name
    server.chance, server.only = 0.0, ""


@pytest.fixture(scope="module")
def restorer(make_model):
    return Restorer.from_pretrained(make_model(depth=4, width=2, channels=3, stride=2), threads=1)


def run(bucket, place, restorer):
    known = Records(Storage(f"s3://{bucket}/out"), "job")
    jobs = list_jobs([Storage(f"s3://{bucket}/in")], known, recursive=True)
    with known:
        return restore_jobs(jobs, Batch(lambda path: BLIND, handle()), restorer, known, place / "work")


def objects(bucket):
    disk = Storage(f"s3://{bucket}").disk
    disk.invalidate_cache()
    return {path.removeprefix(f"{bucket}/out/"): disk.cat_file(path) for path in disk.find(f"{bucket}/out")}


def expected(tmp_path, restorer):
    out = tmp_path / "out"
    out.mkdir()
    with Ledger(out, "job") as ledger:
        restore_files(
            list_entries(tmp_path / "in", out, recursive=True), Batch(lambda _: BLIND, handle()), restorer, ledger
        )
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("picture*")}


def test_a_server_that_fails_every_fifth_time_loses_nothing(server, bucket, restorer, tmp_path):
    server.chance, server.seen = 0.2, Counter()
    reports = run(bucket, tmp_path, restorer)
    server.chance = 0.0
    assert all(server.seen[fault] for fault in FAULTS), server.seen
    assert Counter(report.status for report in reports) == {"restored": PICTURES}, [r.error for r in reports if r.error]
    made = objects(bucket)
    assert len(made.pop(LEDGER).splitlines()) == PICTURES
    assert made == expected(tmp_path, restorer)
    assert Counter(report.status for report in run(bucket, tmp_path, restorer)) == {"kept": PICTURES}


def test_a_server_that_never_takes_an_object_has_no_half_of_one(server, bucket, restorer, tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "ATTEMPTS", 2)
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    monkeypatch.setattr("tests.cluster.test_s3.FAULTS", ("500", "503", "before"))
    server.chance, server.only = 1.0, "PUT"
    reports = run(bucket, tmp_path, restorer)
    server.chance = 0.0
    assert all("writing" in report.error and "failed 2 times" in report.error for report in reports)
    assert objects(bucket) == {}
    assert Counter(report.status for report in run(bucket, tmp_path, restorer)) == {"restored": PICTURES}


def unfinished(bucket):
    return Storage(f"s3://{bucket}").disk.call_s3("list_multipart_uploads", Bucket=bucket).get("Uploads", [])


def test_a_large_file_that_is_sent_in_parts_is_whole_or_not_there_and_leaves_no_parts(
    server, bucket, tmp_path, monkeypatch
):
    monkeypatch.setattr(storage, "ATTEMPTS", 2)
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    monkeypatch.setattr(storage, "READ_TIMEOUT_S", 60)  # a busy machine takes its time for 50 MB
    out, file, sent = Storage(f"s3://{bucket}/out"), tmp_path / "large.tif", []
    file.write_bytes(np.random.default_rng(0).bytes(1 << 20) * 110)  # s3fs sends it in three parts

    def breaks_off(request):
        sent.append(request["QUERY_STRING"])
        if "partNumber=3" in request["QUERY_STRING"]:
            raise ConnectionError("the line is gone after the second part")

    monkeypatch.setattr(server, "look", breaks_off)
    with pytest.raises(ImageError, match=r"writing .* failed 2 times"):
        out.put(file, "large.tif")
    assert any("partNumber=2" in query for query in sent)
    assert objects(bucket) == {} and unfinished(bucket) == []
    monkeypatch.setattr(server, "look", lambda request: None)
    disk = out.disk
    disk.call_s3("create_multipart_upload", Bucket=bucket, Key="out/large.tif")  # by a run that was killed then
    disk.call_s3("create_multipart_upload", Bucket=bucket, Key="out/large.tif2")  # somebody else's
    out.put(file, "large.tif")
    assert [upload["Key"] for upload in unfinished(bucket)] == ["out/large.tif2"]
    out.fetch("large.tif", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == file.read_bytes()


def test_what_may_not_be_read_is_said_at_once(server, bucket):
    with pytest.raises(ImageError, match="FileNotFoundError"):
        Storage(f"s3://{bucket}/in").read("none.png")
