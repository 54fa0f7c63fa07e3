"""Clients that are slow, or that send what nobody reads, are cut off; answers go out at once."""

import asyncio
import socket
import threading
import time
from contextlib import contextmanager

import pytest
import uvicorn

from rednet.web.door import wire
from rednet.web.door.wire import Server, Wire

ASK = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
PATIENCE_S = 10.0
HUGE = 64 << 20


async def app(scope, receive, send):
    """Answers at once, with many bytes if the path says so; reads no body."""
    body = b"x" * (HUGE if scope["path"] == "/huge" else 5)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body[:1000], "more_body": True})
    await send({"type": "http.response.body", "body": body[1000:], "more_body": False})


@contextmanager
def listening(protocol):
    """Runs a server with a protocol in a thread; gives the server and its address."""
    config = uvicorn.Config(app, port=0, http=protocol, log_level="critical", lifespan="off", proxy_headers=False)
    server = Server(config, lambda: None)
    bound = config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield server, bound.getsockname()
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)


class Hasty(Wire):
    HEADER_S = DRAIN_S = WRITE_S = 0.3


def is_closed(connection):
    """Reads to the end; tells whether the other side ends the connection in time, and gives what it has sent."""
    connection.settimeout(PATIENCE_S)
    read = b""
    try:
        while piece := connection.recv(1 << 16):
            read += piece
    except TimeoutError:
        return False, read
    except OSError:
        pass
    return True, read


@pytest.mark.parametrize("begun", [b"", b"GET / HT", ASK, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /"])
def test_a_header_that_does_not_come_to_its_end_is_cut_off(begun):
    with listening(Hasty) as (_, address), socket.create_connection(address) as connection:
        connection.sendall(begun)
        closed, read = is_closed(connection)
    assert closed and read.count(b"200 OK") == begun.count(b"\r\n\r\n")


def test_a_header_that_comes_byte_by_byte_is_cut_off():
    with listening(Hasty) as (_, address), socket.create_connection(address) as connection:
        began = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - began < PATIENCE_S:
                connection.sendall(b"x")
                time.sleep(0.02)


def test_a_body_that_nobody_reads_is_cut_off_after_its_answer():
    with listening(Hasty) as (_, address), socket.create_connection(address) as connection:
        connection.sendall(ASK + b"Content-Length: 1000000\r\n\r\n")
        began, sent = time.monotonic(), 0
        try:
            while time.monotonic() - began < PATIENCE_S:
                sent += connection.send(b"x")
                time.sleep(0.02)
        except OSError:
            pass
    assert 0 < sent < 400


def test_who_takes_nothing_of_an_answer_is_cut_off():
    with listening(Hasty) as (server, address), socket.create_connection(address) as connection:
        connection.sendall(b"GET /huge HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        began = time.monotonic()
        time.sleep(0.1)
        assert server.server_state.connections
        while server.server_state.connections and time.monotonic() - began < PATIENCE_S:
            time.sleep(0.02)
        assert not server.server_state.connections


def test_a_client_in_time_is_answered_again_and_again():
    with listening(Hasty) as (_, address), socket.create_connection(address) as connection:
        for _ in range(8):  # in all longer than HEADER_S
            connection.sendall(ASK + b"Content-Length: 3\r\n\r\nabc")
            read = b""
            while not read.endswith(b"xxxxx"):
                read += connection.recv(1 << 16)
            assert b"200 OK" in read
            time.sleep(0.1)


def test_answers_go_out_at_once():
    seen = []

    class Looking(Wire):
        def connection_made(self, transport):
            super().connection_made(transport)
            seen.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    with listening(Looking) as (_, address), socket.create_connection(address) as connection:
        connection.sendall(ASK + b"\r\n")
        connection.recv(100)
    assert seen == [1]


def test_there_are_only_so_many_connections(monkeypatch):
    monkeypatch.setattr(wire, "MOST_CONNECTIONS", 2)
    with listening(Wire) as (_, address):
        held = [socket.create_connection(address) for _ in range(2)]
        time.sleep(0.2)
        with socket.create_connection(address) as further:
            assert is_closed(further)[0]
        held[0].sendall(ASK + b"\r\n")
        assert b"200 OK" in held[0].recv(100)
        for connection in held:
            connection.close()


def test_whoever_waits_is_told_before_the_server_waits_for_them():
    told = []
    with listening(Wire) as (server, _):
        server.stopping = lambda: told.append(asyncio.get_running_loop().is_running())
    assert told == [True]
