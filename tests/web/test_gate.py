"""What of Gradio can be reached, and what it may be given: never a file of ours, never what is no file."""

import json
import os

import numpy as np
import pytest
from starlette.testclient import TestClient

from rednet.web.app import Settings, make_app
from rednet.web.limits import Limits
from tests.web.conftest import as_bytes, opening_step

gradio = pytest.importorskip("gradio")

CALLS = ("/gradio_api/run/predict", "/gradio_api/queue/join")


@pytest.fixture
def folder(tmp_path):
    return (tmp_path / "private").resolve()


@pytest.fixture
def client(restorer, folder):
    """The whole server with its page, without a socket."""
    folder.mkdir()
    app = make_app(Settings(limits=Limits(max_bytes=3 << 20)), restorer, folder)
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        yield client


def upload(client, content, name="a.png"):
    answer = client.post("/gradio_api/upload", files={"files": (name, content, "image/png")})
    assert answer.status_code == 200, answer.text
    return answer.json()[0]


def file_of(path, **more):
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}, **more}


def steps_of(client):
    config = client.get("/config").json()
    kinds = {component["id"]: component["type"] for component in config["components"]}
    return {step["id"]: [kinds[number] for number in step["inputs"]] for step in config["dependencies"]}


def calls_with_files(client, path):
    """Makes every call of the page that takes a file or a painting, with a path in each such place."""
    for number, kinds in steps_of(client).items():
        for place, kind in enumerate(kinds):
            if kind not in ("file", "imageeditor"):
                continue
            for value in (
                [file_of(path), file_of(path, url="data:image/png;base64,AAAA")]
                if kind == "file"
                else [{"background": None, "layers": [file_of(path)], "composite": None}]
            ):
                data = [None] * len(kinds)
                data[place] = value
                yield {"data": data, "fn_index": number, "session_hash": "s", "trigger_id": None}


@pytest.mark.parametrize("route", CALLS)
def test_no_step_is_given_a_file_that_was_not_sent(route, client, folder, tmp_path, levels):
    secret = tmp_path / "secret.png"
    secret.write_bytes(as_bytes(levels))
    own = upload(client, as_bytes(levels))
    link, pipe = folder / "gradio" / "link.png", folder / "gradio" / "pipe.png"
    link.symlink_to(secret)
    os.mkfifo(pipe)
    strange = [secret, "/dev/zero", "/dev/stdin", link, pipe, folder / "noise.png", folder / "gradio"]
    strange += [f"{own}/../../../../secret.png", f"{own}/", f"{own}\0", "", ".", "a.png", "http://127.0.0.1:1/a.png"]
    tried = 0
    for path in strange:
        for call in calls_with_files(client, path):
            answer = client.post(route, json=call)
            assert answer.status_code == 422, (path, call, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            tried += 1
    assert tried >= 4 * len(strange)
    assert all(client.post(route, json=call).status_code != 422 for call in calls_with_files(client, own))  # control


def test_gradio_itself_checks_paths_too(client):
    gate = client.app.app
    assert gate.blocks.has_launched


def test_a_step_checks_the_path_itself_whatever_the_gate_has_let_through(client, tmp_path, levels):
    from types import SimpleNamespace

    from rednet.web.desk import Desks
    from rednet.web.queue import JobQueue
    from rednet.web.steps import Steps

    secret = tmp_path / "secret.png"
    secret.write_bytes(as_bytes(levels))
    queue = JobQueue(1)
    (tmp_path / "own").mkdir()
    steps = Steps(Desks(tmp_path / "own", queue, None, Limits()), [])
    wishes = ("auto", False, 25, False, 35, 2, "disk", 3, 0, None, False, False, None, 1, 0, 50, 50)
    with pytest.raises(gradio.Error, match="not sent to this server"):
        next(steps.open(str(secret), SimpleNamespace(session_hash="s"), *wishes))
    with pytest.raises(gradio.Error, match="not sent to this server"):
        steps.show_kernel("file", 3.0, 0.0, str(secret))
    queue.close()


def test_shown_files_are_ours_alone(client, folder, tmp_path, levels):
    secret = tmp_path / "secret.png"
    secret.write_bytes(as_bytes(levels))
    (folder / "gradio" / "link.png").symlink_to(secret)
    os.mkfifo(folder / "gradio" / "pipe.png")
    for path in (secret, "/dev/zero", folder / "gradio" / "link.png", folder / "gradio" / "pipe.png", "/etc/passwd",
                 folder / "noise.png", f"{folder}/gradio/../noise.png", "README.md", "http://127.0.0.1:1/a"):  # fmt: skip
        answer = client.get(f"/gradio_api/file={path}")
        assert answer.status_code == 404, (path, answer.status_code)
    own = client.get(f"/gradio_api/file={upload(client, as_bytes(levels))}")
    assert own.status_code == 200 and own.content == as_bytes(levels)
    page = upload(client, b"<script>alert(1)</script>", "a.html")
    answer = client.get(f"/gradio_api/file={page}")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "html" not in answer.headers["content-type"]


SHUT = [
    ("POST", "/gradio_api/component_server"), ("GET", "/gradio_api/proxy=http://127.0.0.1:1/a"),
    ("GET", "/gradio_api/file/etc/passwd"), ("GET", "/gradio_api/info"), ("POST", "/gradio_api/cancel"),
    ("POST", "/gradio_api/call/open"), ("POST", "/gradio_api/call/v2/open"), ("POST", "/gradio_api/api/predict"),
    ("POST", "/gradio_api/run/open"), ("POST", "/gradio_api/stream/x"), ("POST", "/gradio_api/process_recording"),
    ("POST", "/gradio_api/vibe-code/"), ("GET", "/gradio_api/vibe-code/"), ("GET", "/gradio_api/deep_link"),
    ("GET", "/gradio_api/token"), ("GET", "/gradio_api/runs"), ("GET", "/monitoring"), ("GET", "/svelte/a.js"),
    ("GET", "/gradio_api/custom_component/1/client/component/index.js"), ("GET", "/gradio_api/openapi.json"),
    ("GET", "/gradio_api/queue/status"), ("GET", "/gradio_api/dev/reload"), ("POST", "/login"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), SHUT)
def test_what_the_page_does_not_need_is_shut(method, path, client):
    answer = client.request(method, path, json={})
    assert answer.status_code == 404 and answer.headers["content-type"] == "application/problem+json"


def test_every_route_of_gradio_is_either_known_here_or_shut(client):
    """A Gradio of another version may have more of them."""
    from rednet.web.gate import CALLS as OPEN
    from rednet.web.gate import PLACES

    mounted = next(route.app for route in client.app.app.page.routes if hasattr(route, "app"))
    paths = {getattr(route, "path", "") for route in walk(mounted.routes)}
    opened = {path for path in paths if path in OPEN or PLACES.fullmatch(path.replace("{", "").replace("}", "x"))}
    assert len(paths) > 40  # else this proves nothing
    known = {"/", "/config", "/theme.css", "/favicon.ico", "/gradio_api/queue/data", *OPEN}
    assert {path for path in opened if "{" not in path} <= known


def walk(routes):
    for route in routes:
        yield route
        yield from walk(getattr(route, "routes", None) or [])


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b"{", b'{"data": []}', b"[" * 900, b'{"a":' * 900, b"\xff\xfe", b"1" * 5000,
        b'{"data": [NaN], "fn_index": 0, "session_hash": "s"}', b'{"data": [1e999], "fn_index": 7, "session_hash": "s"}',
        b'{"data": {}, "fn_index": 7, "session_hash": "s"}', b'{"data": [1], "fn_index": true, "session_hash": "s"}',
        b'{"data": [{"a": 1}], "fn_index": 7, "session_hash": "s"}', b'{"data": [[]], "fn_index": 7, "session_hash": "s"}',
        b'{"data": ["auto"], "fn_index": 7, "session_hash": "../s"}', b'{"data": ["auto"], "fn_index": 999, "session_hash": "s"}',
        b'{"data": ["auto", 1], "fn_index": 7, "session_hash": "s"}', b"[" + b"[]," * 300_000 + b"[]]",
    ],
)  # fmt: skip
@pytest.mark.parametrize("route", CALLS)
def test_a_call_that_is_none_is_a_problem_in_a_plain_sentence(route, body, client, caplog):
    answer = client.post(route, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422 and answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] and not caplog.records


def test_gradio_is_given_nothing_of_a_call_but_what_its_step_takes(client, levels):
    own = upload(client, as_bytes(levels))
    step, rest = opening_step(client)
    strange = file_of(own, url="http://127.0.0.1:1/a.png", orig_name="../../x.svg", is_stream=True, mime_type="x")
    call = {"data": [strange, *rest], "fn_index": step, "session_hash": "s", "event_data": {"a": 1},
            "event_id": "x", "oauth_token": "x", "batched": True, "simple_format": True}  # fmt: skip
    rebuilt = json.loads(client.app.app.rewritten(json.dumps(call).encode()))
    assert set(rebuilt) == {"data", "fn_index", "session_hash", "trigger_id"}
    assert rebuilt["data"][0] == {"path": own, "orig_name": "a.png", "meta": {"_type": "gradio.FileData"}}


def test_what_a_proxy_or_a_liar_adds_does_not_come_back(client):
    headers = {
        "x-forwarded-host": "evil.example",
        "x-forwarded-server": "evil.example",
        "forwarded": "host=evil.example",
    }
    for path in ("/", "/config"):
        assert "evil.example" not in client.get(path, headers=headers).text
    assert "https://127.0.0.1:8000" in client.get("/config", headers={"x-forwarded-proto": "https"}).text


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("HEAD", "/", "GET"), ("POST", "/", "GET"), ("DELETE", "/config", "GET"), ("GET", CALLS[0], "POST"),
        ("PUT", CALLS[1], "POST"), ("GET", "/v1/restore", "POST"), ("POST", "/v1/models", "GET"),
        ("HEAD", "/healthz", "GET"), ("GET", "/gradio_api/upload", "POST"), ("PATCH", "/assets/a.js", "GET"),
    ],
)  # fmt: skip
def test_a_wrong_method_is_405_as_a_problem(method, path, allowed, client):
    answer = client.request(method, path)
    assert answer.status_code == 405 and answer.headers["content-type"] == "application/problem+json"
    assert allowed in answer.headers["allow"]


def test_an_upload_keeps_no_name_that_could_lead_elsewhere(client, folder, levels):
    for name in ("../../../evil.png", "/etc/passwd", "..", "C:\\a\\b.png", "a\0b.png", ".png", "x" * 5000 + ".png"):
        path = upload(client, as_bytes(levels), name)
        assert os.path.realpath(path) == path and path.startswith(f"{folder}/gradio/")
        assert len(os.path.basename(path)) <= 70
    assert upload(client, as_bytes(levels), "my holiday (1).PNG").endswith("/my holiday (1).png")


def test_all_uploads_together_take_no_more_than_the_limit_and_the_newest_stays(client, folder):
    rng = np.random.default_rng(0)
    for _ in range(8):
        newest = upload(client, rng.bytes(1 << 20))
    files = [path for path in (folder / "gradio").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 2 * (3 << 20)
    assert os.path.exists(newest)
