"""Who may talk to the server, and how much: checked before anything else looks at a request."""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response

from rednet.web.bodies import Body, Message, Receive, RefusedError, Room, Send
from rednet.web.guesses import Guesses
from rednet.web.limits import LOGIN, Limits
from rednet.web.problems import problem
from rednet.web.queue import StoppingError

__all__ = ["COOKIE", "Guard", "is_loopback", "same"]

logger = logging.getLogger(__name__)

Scope = Message
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE, HEALTH = "rednet", "/healthz"
FOR_PROGRAMS = ("/v1/", "/metrics", "/docs", "/openapi.json")
HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?", re.ASCII)
SAFE_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"x-frame-options": b"DENY",
}


def is_loopback(host: str) -> bool:
    """Tells whether a name or an address can only mean this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """Refuses what is not for us, before any of it is read.

    Without a token, only names of this machine are answered to (so that no page of others reaches us by a name that
    they have pointed here). With one, every route but /healthz wants it. What another site's page sends is refused.

    Args:
        app: to protect.
        token: that is wanted, or None.
        limits: of what requests may bring.
        refused: called with the status of each refusal.
        stop: called when the server begins to stop, before it waits for those who wait for their answers.
    """

    def __init__(
        self, app: App, *, token: str | None, limits: Limits, refused: Callable[[int], None] = lambda status: None,
        stop: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self.app, self.token, self.limits, self.refused, self.stop = app, token, limits, refused, stop
        self.session = secrets.token_urlsafe(32)  # what the login's cookie says; the token itself stays out of it
        self.room, self.guesses = Room(limits.all_bytes), Guesses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # no websockets: nothing of ours uses them
        scope = as_asked(scope)
        headers = Headers(scope=scope)
        body = Body(headers, self.limits.longest(scope["path"]), self.room, receive, safely(send))
        refusal = self.refuse(scope["path"], headers) or self.too_long(headers, body)
        if refusal is None:
            refusal = await self.pass_on(scope, body)
        elif refusal.status_code == 401 and "authorization" in headers:
            await self.guesses.wrong()
        if refusal is not None:
            self.refused(refusal.status_code)
            await refusal(scope, receive, safely(send))

    def refuse(self, path: str, headers: Headers) -> Response | None:
        """Gives the answer to a request that is not let in."""
        host = headers.get("host", "")
        if host and not HOST.fullmatch(host):
            return problem(400, f"the header Host is {host!r}; give a name or an address, and perhaps a port")
        if self.token is None and not is_loopback(urlsplit(f"//{host}").hostname or ""):
            return problem(421, f"this server answers to localhost and 127.0.0.1, not to {host!r}")
        origin = headers.get("origin")
        strange = origin is not None and origin.partition("://")[2] != host
        if strange or headers.get("sec-fetch-site") == "cross-site":
            return problem(403, "this request comes from another site's page; only our own is answered")
        if self.token is not None and path != HEALTH and not self.knows(path, headers):
            if path.startswith(FOR_PROGRAMS) or "text/html" not in headers.get("accept", ""):
                sentence = "this server wants its token, in a header: Authorization: Bearer TOKEN"
                return problem(401, sentence, {"WWW-Authenticate": "Bearer"})
            return RedirectResponse(LOGIN, 303)
        return None

    def too_long(self, headers: Headers, body: Body) -> Response | None:
        """Gives the answer to a request that says itself that it is too long."""
        length = headers.get("content-length", "")
        return body.too_long() if length.isdigit() and int(length) > body.most_bytes else None

    def knows(self, path: str, headers: Headers) -> bool:
        """Tells whether a request carries the token, or, for the page, the cookie of a login."""
        assert self.token is not None
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and same(given.strip(), self.token):
            return True
        if path.startswith(FOR_PROGRAMS):
            return False
        return path == LOGIN or same(cookie_of(headers), self.session)

    async def pass_on(self, scope: Scope, body: Body) -> Response | None:
        """Lets a request through; gives the answer to one that turned out to be refused."""
        try:
            await self.app(scope, body.receive, body.send)
        except RefusedError:
            pass
        except ClientDisconnect:
            logger.warning("%s %r was broken off by its client", scope["method"], scope["path"])
        except asyncio.CancelledError:  # by uvicorn, which has waited long enough for us to stop
            if not body.started:
                return problem(503, str(StoppingError()), {"Connection": "close"})
            raise
        finally:
            body.end()
        return None if body.started else body.refusal


def as_asked(scope: Scope) -> Scope:
    """Gives a request as if it had been asked by the name that it names, without what a proxy, or a liar, has added.

    That it came through TLS is all that we want to know from a proxy. Who lies about it gets a cookie that is not sent
    back over the open wire, and links that begin with https, and nobody else does.
    """
    forwarded = Headers(scope=scope).get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    kept = [pair for pair in scope["headers"] if not pair[0].lower().startswith((b"x-forwarded", b"forwarded"))]
    return {**scope, "headers": kept, "scheme": "https" if forwarded == "https" else scope["scheme"]}


def safely(send: Send) -> Send:
    """Adds to an answer what browsers are to heed."""

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message.get("headers", [])}
            more = [pair for pair in SAFE_HEADERS.items() if pair[0] not in given]
            message = {**message, "headers": [*message.get("headers", []), *more]}
        await send(message)

    return with_headers


def same(given: str, wanted: str) -> bool:
    """Compares two secrets in a time that tells nothing of where they differ."""
    return hmac.compare_digest(given.encode(), wanted.encode())


def cookie_of(headers: Headers) -> str:
    """Gives the cookie of a login, or an empty text."""
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""
