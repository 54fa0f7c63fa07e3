"""Who is let in, and who is not."""

import asyncio

import pytest

from rednet.errors import OptionError
from rednet.web.app import check_address
from rednet.web.door import bodies, guesses
from rednet.web.door.guard import Guard, is_loopback
from rednet.web.limits import Limits


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8000", "[::1]:8000", "127.0.0.1:8000"])
def test_names_of_this_machine_are_answered(host, client):
    assert client.get("/v1/models", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1.example.org", "192.168.1.2:8000", "", "localhost.example"])
def test_other_names_are_not(host, client):
    assert client.get("/v1/models", headers={"host": host}).status_code in (400, 421)


def test_another_sites_page_is_refused_and_our_own_is_not(client):
    assert client.get("/v1/models", headers={"origin": "http://example.org"}).status_code == 403
    assert client.get("/v1/models", headers={"origin": "null"}).status_code == 403
    assert client.get("/v1/models", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    answer = client.get("/v1/models", headers={"origin": "http://127.0.0.1:8000"})
    assert answer.status_code == 200 and "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/v1/models", "/metrics", "/openapi.json", "/v1/jobs/a", "/nothing"])
@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic secret", "Bearer", "Bearer sécret"])
def test_with_a_token_every_route_wants_it(path, header, make_client):
    client = make_client(token="secret")
    headers = {} if header is None else {"authorization": header.encode()}
    answer = client.get(path, headers=headers)
    assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert "Authorization: Bearer TOKEN" in answer.json()["detail"]


def test_the_token_lets_in_by_any_name_and_health_needs_none(make_client):
    client = make_client(token="secret")
    headers = {"authorization": "Bearer secret", "host": "pictures.example.org"}
    assert client.get("/v1/models", headers=headers).status_code == 200
    assert client.get("/healthz").json()["status"] == "ok"


@pytest.mark.parametrize("chunked", [False, True])
def test_too_many_bytes_are_refused_told_or_not(chunked, make_client, tmp_path):
    client = make_client(limits=Limits(max_bytes=1000))
    content = (b"x" * 100 for _ in range(20)) if chunked else b"x" * 2000
    answer = client.post("/v1/restore", content=content, headers={"content-type": "image/png"})
    assert answer.status_code == 413 and "1000 bytes" in answer.json()["detail"]
    assert not list(tmp_path.iterdir())


def test_only_this_machine_needs_no_token():
    for host in ("127.0.0.1", "::1", "localhost", "127.1.2.3"):
        check_address(host, None)
    check_address("0.0.0.0", "secret")
    for host in ("0.0.0.0", "192.168.1.2", "", "::"):
        with pytest.raises(OptionError, match="there is no token"):
            check_address(host, None)
    assert not is_loopback("localhost.example.org")


@pytest.mark.parametrize(
    "host", ["[::1", "::1]:80", "a b", "127.0.0.1:x", "[::1]:", "127.0.0.1/a", "me@127.0.0.1", "ä"]
)
@pytest.mark.parametrize("token", [None, "secret"])
def test_a_broken_host_is_400_and_no_traceback(host, token, make_client):
    client = make_client(token=token)
    answer = client.get("/healthz", headers={"host": host.encode()})
    assert answer.status_code == 400 and "the header Host" in answer.json()["detail"]


@pytest.mark.parametrize("origin", ["http://[::1", "http://", "", "//127.0.0.1:8000", "http://[::1]:8000"])
def test_a_broken_origin_is_another_sites(origin, client):
    assert client.get("/healthz", headers={"origin": origin}).status_code == 403


@pytest.mark.parametrize(("path", "limit"), [("/login", 4 << 10), ("/v1/jobs", 1 << 20), ("/nothing", 1 << 20)])
def test_each_route_takes_no_more_bytes_than_it_needs(path, limit, make_client):
    client = make_client(token="secret", page=True)
    headers = {"authorization": "Bearer secret"}
    longer = client.post(path, content=b"x" * (limit + 1), headers=headers)
    assert longer.status_code == 413 and f"{limit} bytes" in longer.json()["detail"]
    assert client.post(path, content=b"x" * limit, headers=headers).status_code != 413


class Sent:
    """A request's pieces, as a server gives them to an application, and what is answered; None breaks it off."""

    def __init__(self, *pieces, pause=0.0):
        self.pieces, self.pause, self.answer = list(pieces), pause, []

    async def receive(self):
        await asyncio.sleep(self.pause)
        if not self.pieces:
            await asyncio.sleep(3600)
        piece = self.pieces.pop(0)
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": True}

    async def send(self, message):
        self.answer.append(message)

    @property
    def status(self):
        return self.answer[0]["status"] if self.answer else None


def scope_of(path="/login"):
    return {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "scheme": "http", "headers": [(b"host", b"127.0.0.1"), (b"transfer-encoding", b"chunked")],
    }  # fmt: skip


async def swallow(scope, receive, send):
    """Reads a whole body, as careless applications do, and makes a 500 of all that goes wrong meanwhile."""
    try:
        while (await receive()).get("more_body"):
            pass
    except Exception:
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        raise


def asked(sent, app=swallow, path="/login", **limits):
    guard = Guard(app, token=None, limits=Limits(**limits))
    asyncio.run(guard(scope_of(path), sent.receive, sent.send))
    return guard


def test_a_body_without_a_length_is_stopped_at_the_limit_whatever_the_application_makes_of_it():
    sent = Sent(*[b"x" * 1000] * 50)
    guard = asked(sent)
    assert sent.status == 413 and len(sent.answer) == 2 and len(sent.pieces) == 45
    assert guard.room.bytes == 0


def test_all_bodies_together_have_a_limit():
    sent = Sent(*[b"x" * 1000] * 50)
    asked(sent, all_bytes=2500)
    assert sent.status == 503 and len(sent.pieces) == 47


def test_no_more_bodies_are_received_at_once_than_there_are_places(monkeypatch):
    monkeypatch.setattr(bodies, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(bodies, "SLOT_S", 0.05)

    async def two():
        guard = Guard(swallow, token=None, limits=Limits())
        slow, other = Sent(b"x"), Sent(b"x")
        task = asyncio.create_task(guard(scope_of(), slow.receive, slow.send))
        await asyncio.sleep(0.01)
        await guard(scope_of(), other.receive, other.send)
        task.cancel()
        await task
        await guard(scope_of(), (last := Sent(*[b"x" * 1000] * 5)).receive, last.send)
        return slow.status, other.status, last.status

    assert asyncio.run(two()) == (503, 503, 413)  # the first one was told that the server stops


@pytest.mark.parametrize("pieces", [[], [b"x"] * 1000])
def test_a_client_that_sends_too_slowly_is_408(pieces, monkeypatch):
    monkeypatch.setattr(bodies, "PAUSE_S", 0.1)
    monkeypatch.setattr(bodies, "GRACE_S", 0.1)
    sent = Sent(*pieces, pause=0.01)
    asked(sent)
    assert sent.status == 408 and (b"connection", b"close") in sent.answer[0]["headers"]
    assert len(sent.pieces) > 900 or not pieces


def test_a_broken_off_request_is_one_line_and_no_traceback(make_client, caplog):
    client = make_client()
    sent = Sent(b"x" * 100, None)
    asyncio.run(client.app(scope_of("/v1/restore"), sent.receive, sent.send))
    assert [(record.levelname, record.exc_info) for record in caplog.records] == [("WARNING", None)]
    assert "broken off" in caplog.text and "/v1/restore" in caplog.text


def test_a_client_that_waits_when_the_server_has_no_patience_left_is_503():
    async def wait(scope, receive, send):
        await asyncio.sleep(3600)

    async def stopped():
        guard, sent = Guard(wait, token=None, limits=Limits()), Sent()
        task = asyncio.create_task(guard(scope_of(), sent.receive, sent.send))
        await asyncio.sleep(0.01)
        task.cancel()
        await task
        return sent

    sent = asyncio.run(stopped())
    assert sent.status == 503 and b"the server is stopping" in sent.answer[1]["body"]


def test_wrong_tokens_wait_longer_and_longer_and_the_right_one_never(make_client, monkeypatch):
    client = make_client(token="secret", page=True)
    waits = []

    async def noted(seconds):
        waits.append(seconds)

    monkeypatch.setattr(guesses, "sleep", noted)
    for number in range(10):
        if number % 2:
            assert client.post("/login", content="token=wrong").status_code == 401
        else:
            assert client.get("/v1/models", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert waits == [0.1 * 2 ** min(number, 7) for number in range(10)]
    assert client.get("/v1/models").status_code == 401  # no guess
    assert client.get("/v1/models", headers={"authorization": "Bearer secret"}).status_code == 200
    assert client.post("/login", content="token=secret", follow_redirects=False).status_code == 303
    assert len(waits) == 10


@pytest.mark.parametrize(("headers", "secure"), [({}, False), ({"x-forwarded-proto": "https"}, True)])
def test_the_cookie_of_a_login_through_tls_never_travels_without(headers, secure, make_client):
    client = make_client(token="secret", page=True)
    answer = client.post("/login", content="token=secret", headers=headers, follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert ("Secure" in cookie) is secure and "HttpOnly" in cookie and "SameSite=strict" in cookie


def test_a_name_that_a_proxy_adds_is_not_reflected(client):
    headers = {"x-forwarded-host": "evil.example", "x-forwarded-for": "1.2.3.4", "forwarded": "host=evil.example"}
    answer = client.get("/v1/models/", headers=headers, follow_redirects=False)
    assert answer.status_code == 307 and "evil.example" not in str(answer.headers)


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
@pytest.mark.parametrize("path", ["/healthz", "/v1/models", "/v1/restore", "/metrics", "/v1/jobs/a/picture"])
def test_a_wrong_method_is_405_as_a_problem(method, path, client):
    answer = client.request(method, path)
    assert answer.status_code == 405 and answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["allow"]
