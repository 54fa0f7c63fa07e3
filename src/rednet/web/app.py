"""The server: guard, service and page joined around one queue."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from rednet import __version__
from rednet.errors import OptionError, RednetError
from rednet.private_folder import private_folder
from rednet.restoring.restorer import Restorer
from rednet.web.api.problems import problem, problem_of
from rednet.web.api.service import Service
from rednet.web.door.guard import Guard, is_loopback
from rednet.web.door.login import add_login
from rednet.web.jobs.bench import Bench
from rednet.web.jobs.counters import Counters
from rednet.web.jobs.queue import JobQueue
from rednet.web.jobs.shelf import Shelf
from rednet.web.limits import Limits
from rednet.web.static import add_page

__all__ = ["Settings", "check_address", "make_app", "serve"]

TIDY_EVERY_S = 30.0


@dataclass(frozen=True)
class Settings:
    """How a server is set up.

    Args:
        host, port: where it listens; port 0 takes any free one.
        token: that requests must carry, or None.
        page: whether it has the page, beside the service.
        limits: what it accepts.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    page: bool = True
    limits: Limits = field(default_factory=Limits)


def check_address(host: str, token: str | None) -> None:
    """Raise OptionError if others could reach a server that asks for no token."""
    if not is_loopback(host) and not token:
        raise OptionError(
            f"{host} can be reached by others, and there is no token; give one, here or in "
            "REDNET_TOKEN, or stay at 127.0.0.1",
            option="token",
        )


def make_app(settings: Settings, restorers: Mapping[str, Restorer], folder: Path) -> Guard:
    """Build the server as an ASGI application.

    Args:
        settings: how the server is set up.
        restorers: run the networks, by their names; see `Shelf`.
        folder: for all temporary files; see `private_folder`.
    """
    limits = settings.limits
    queue, bench = JobQueue(limits.waiting), Bench(limits.max_seconds)
    counters = Counters(queue)
    shelf = Shelf(folder, queue, restorers, limits, counters)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        tidying = asyncio.create_task(tidy(shelf))
        yield
        tidying.cancel()
        await asyncio.to_thread(queue.close)

    def stop() -> None:
        bench.close()
        queue.stop()

    async def failed(request: Request, error: Exception) -> Response:
        """Answer with one of our own errors."""
        assert isinstance(error, RednetError)
        answer = problem_of(error, folder)
        counters.refuse(answer.status_code)
        return answer

    app = FastAPI(
        title="rednet", version=__version__, summary="Restores degraded pictures.", lifespan=lifespan, docs_url=None,
        redoc_url=None,
    )  # fmt: skip
    app.include_router(Service(shelf, bench).router())
    for kind, answer in ((HTTPException, refused), (RequestValidationError, invalid), (RednetError, failed)):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(Exception, broken)
    guard = Guard(app, token=settings.token, limits=limits, refused=counters.refuse, stop=stop)
    if settings.page:
        add_page(app)
        if settings.token is not None:
            add_login(app, settings.token, guard.session, guard.guesses)
    return guard


async def tidy(shelf: Shelf) -> None:
    """Delete what is old from time to time, also while no requests come."""
    while True:
        await asyncio.sleep(TIDY_EVERY_S)
        await asyncio.to_thread(shelf.tidy)


async def refused(request: Request, error: Exception) -> Response:
    """Answer a request that no route serves."""
    assert isinstance(error, HTTPException)
    detail = f"{request.method} {request.url.path}: {error.detail}; see /openapi.json for what there is"
    return problem(error.status_code, detail, error.headers)


async def invalid(request: Request, error: Exception) -> Response:
    """Answer a request that a route cannot parse."""
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{request.url.path}: {error}")


async def broken(request: Request, error: Exception) -> Response:
    """Answer a request that failed by our fault; the log says why."""
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong here; the server's log tells what")


def serve(
    settings: Settings, restorers: Mapping[str, Restorer], on_ready: Callable[[str], None] = lambda url: None
) -> None:
    """Serve until a signal stops the server (Ctrl-C, SIGTERM).

    Args:
        settings: how the server is set up.
        restorers: run the networks, by their names; see `Shelf`.
        on_ready: called with the address as soon as the server takes requests.

    Raises:
        OptionError: see `check_address`; or the server cannot listen at the address.
    """
    import uvicorn

    from rednet.web.door.wire import Server, Wire

    check_address(settings.host, settings.token)
    with private_folder() as folder:
        app = make_app(settings, restorers, folder)
        config = uvicorn.Config(
            app, host=settings.host, port=settings.port, log_level=logging.WARNING, access_log=False, ws="none",
            http=Wire, proxy_headers=False, server_header=False, timeout_graceful_shutdown=5,
        )  # fmt: skip
        try:
            listening = config.bind_socket()
        except SystemExit:  # uvicorn raises it if it cannot listen
            raise OptionError(
                f"cannot listen at {settings.host}:{settings.port}; is the port taken? Give another", option="port"
            ) from None
        logging.getLogger("uvicorn.error").addFilter(worth_telling)
        server = Server(config, app.stop)
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        url = f"http://{host}:{listening.getsockname()[1]}/"
        threading.Thread(target=tell_when_ready, args=(server, url, on_ready), daemon=True).start()
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listening])


def tell_when_ready(server: object, url: str, on_ready: Callable[[str], None]) -> None:
    """Wait until the server takes requests, then call `on_ready` with its address."""
    import time

    while not getattr(server, "started", False):
        if getattr(server, "should_exit", False):
            return
        time.sleep(0.02)
    on_ready(url)


def worth_telling(record: logging.LogRecord) -> bool:
    """Return False for messages that open connections are closed since the server stops; nobody needs them."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, asyncio.CancelledError) and "graceful shutdown" not in record.getMessage()
