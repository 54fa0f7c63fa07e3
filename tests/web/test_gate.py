"""What of Gradio can be reached, and what it may be given: never a file of ours, never what is no file."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from rednet.web.app import Settings, make_app
from rednet.web.limits import Limits
from tests.web.conftest import as_bytes, opening_step, steps_of

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


def calls_with_files(client, path):
    """Makes every call of the page that takes a file or a painting, with a path in each such place."""
    layers = {"background": None, "layers": [file_of(path)], "composite": None}
    for number, (kinds, values) in steps_of(client).items():
        for place, kind in enumerate(kinds):
            for value in {"file": [file_of(path), file_of(path, url="data:,A")], "imageeditor": [layers]}.get(kind, []):
                data = [*values[:place], value, *values[place + 1 :]]
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
    strange += [f"{own}/../../../../secret.png", f"{own}\0", "", ".", "a.png", "http://127.0.0.1:1/a.png"]
    tried = 0
    for path in strange:
        for call in calls_with_files(client, path):
            answer = client.post(route, json=call)
            assert answer.status_code == 422, (path, call, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            tried += 1
    assert tried >= 4 * len(strange)
    for number in range(tried // len(strange)):  # control
        own = upload(client, as_bytes(levels), f"{number}.png")
        assert client.post(route, json=list(calls_with_files(client, own))[number]).status_code in (200, 404)


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
                 folder / "noise.png", f"{folder}/gradio/../noise.png", "README.md", "http://a/a"):  # fmt: skip
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


def test_every_route_of_gradio_is_either_known_here_or_shut():
    """A Gradio of another version may have more of them."""
    from rednet.web.gate import PLACES

    source = (Path(gradio.__file__).parent / "routes.py").read_text("utf-8")
    found = re.findall(r"@(router|app)\.(?:get|post|put|delete|head)\(\s*f?\"([^\"]*)\"", source)
    paths = {("/gradio_api" if router == "router" else "") + path for router, path in found}
    assert len(paths) > 40  # else this proves nothing
    made_up = {path: re.sub(r"\{[^}]*\}", "x", path) for path in paths}
    opened = {path for path in paths if made_up[path] in CALLS or PLACES.fullmatch(made_up[path])}
    assert opened == {
        "/", "/config", "/theme.css", "/favicon.ico", "/assets/{path:path}", "/static/{path:path}",
        "/gradio_api/heartbeat/{session_hash}", "/gradio_api/queue/data", "/gradio_api/queue/join",
    }  # fmt: skip


def call(data="[]", step=7, page='"s"'):
    return f'{{"data": {data}, "fn_index": {step}, "session_hash": {page}}}'


@pytest.mark.parametrize(
    "body",
    [
        "", "[]", "null", "{", '{"data": []}', "[" * 900, '{"a":' * 900, "\xff", "1" * 5000, f"[{'[],' * 300_000}[]]",
        call("[NaN]"), call("[1e999]"), call("{}"), call("[[]]"), call('[{"a": 1}]'), call('["paint"]'), call("[7]"),
        call("[null]"), call("[true]"), call(f"[{'9' * 400}]"), call('["auto", 1]'), call('["auto"]', step="true"),
        call('["auto"]', step=999), call('["auto"]', step=-1), call('["auto"]', page='"../s"'),
        call('["auto"]', page="1"), call('["auto"]', page=f'"{"s" * 65}"'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("route", CALLS)
def test_a_call_that_is_none_is_a_problem_in_a_plain_sentence(route, body, client, caplog):
    answer = client.post(route, content=body.encode("latin-1"), headers={"content-type": "application/json"})
    assert answer.status_code == 422 and answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] and not caplog.records


def test_a_call_that_is_one_is_let_through(client):
    assert client.post(CALLS[0], content=call('["auto"]')).status_code == 200


def test_gradio_is_given_nothing_of_a_call_but_what_its_step_takes(client, levels):
    own = upload(client, as_bytes(levels))
    step, rest = opening_step(client)
    strange = file_of(own, url="http://127.0.0.1:1/a.png", orig_name="../../x.svg", is_stream=True, mime_type="x")
    given = {"data": [strange, *rest], "fn_index": step, "session_hash": "s", "event_data": {"a": 1},
             "event_id": "x", "oauth_token": "x", "batched": True, "simple_format": True}  # fmt: skip
    rebuilt = json.loads(client.app.app.rewritten(json.dumps(given).encode()))
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
    for name in ("../../../evil.png", "/etc/passwd", "..", "C:\\a\\b.png", ".png", "x" * 250 + ".png"):
        path = upload(client, as_bytes(levels), name)
        place = Path(path)
        assert place.resolve() == place and place.parent.parent == folder / "gradio" and len(place.name) <= 70
    assert upload(client, as_bytes(levels), "my holiday (1).PNG").endswith("/my holiday (1).png")


def test_all_uploads_together_take_no_more_than_the_limit_and_the_newest_stays(client, folder):
    rng = np.random.default_rng(0)
    for _ in range(8):
        newest = upload(client, rng.bytes(1 << 20))
    files = [path for path in (folder / "gradio").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 2 * (3 << 20)
    assert Path(newest).exists()
