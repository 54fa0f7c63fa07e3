"""Who is let in, and who is not."""

import pytest

from rednet.errors import OptionError
from rednet.web.app import check_address
from rednet.web.guard import is_loopback


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
    from rednet.web.limits import Limits

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
