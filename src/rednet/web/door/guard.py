"""Checks who sends a request, and how long it is, before anything else reads it."""

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

from rednet.web.api.problems import problem
from rednet.web.door.bodies import Body, Message, Receive, RefusedError, Room, Send
from rednet.web.door.guesses import Guesses
from rednet.web.jobs.queue import StoppingError
from rednet.web.limits import LOGIN, Limits

__all__ = ["COOKIE", "Guard", "is_loopback", "same"]

logger = logging.getLogger(__name__)

Scope = Message
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE, HEALTH = "rednet", "/healthz"
POLICY = "default-src 'none'; frame-ancestors 'none'"  # of all answers that set no other one
OWN_SITE = ("same-origin", "none")  # of Sec-Fetch-Site: our page, or somebody who typed the address
HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?", re.ASCII)
SAFE_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",  # with no-referrer, browsers hide where the login's form comes from
    b"x-frame-options": b"DENY",
    b"content-security-policy": POLICY.encode(),
}


def is_loopback(host: str) -> bool:
    """Return whether a name or an address can only mean this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """Refuses requests that must not be served, before any of their body is read.

    Without a token, the server answers only to names of this machine, so that another site cannot reach it by a name of
    its own that it points here. With a token, every route but /healthz needs it. Requests from other sites' pages are
    refused.

    Args:
        app: to protect.
        token: the server's token, or None.
        limits: of what requests may bring.
        refused: called with the status of each refusal.
        stop: called when the server begins to stop, before it waits for open requests.
    """

    def __init__(
        self, app: App, *, token: str | None, limits: Limits, refused: Callable[[int], None] = lambda status: None,
        stop: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self.app, self.token, self.limits, self.refused, self.stop = app, token, limits, refused, stop
        self.session = secrets.token_urlsafe(32)  # the value of the login's cookie, which does not hold the token
        self.room, self.guesses = Room(limits.all_bytes), Guesses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # no websockets: we use none
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
        """Return the answer to a request that is refused; None for any other."""
        host = headers.get("host", "")
        if host and not HOST.fullmatch(host):
            return problem(400, f"the header Host is {host!r}; give a name or an address, and perhaps a port")
        if self.token is None and not is_loopback(urlsplit(f"//{host}").hostname or ""):
            return problem(421, f"this server answers to localhost and 127.0.0.1, not to {host!r}")
        origin = headers.get("origin")
        strange = origin is not None and origin.partition("://")[2] != host
        if strange or headers.get("sec-fetch-site", "none") not in OWN_SITE:
            return problem(403, "this request comes from another site's page; only our own is answered")
        if self.token is not None and path != HEALTH and not self.knows(path, headers):
            if path.startswith("/v1/") or "text/html" not in headers.get("accept", ""):
                sentence = "this server wants its token, in a header: Authorization: Bearer TOKEN"
                return problem(401, sentence, {"WWW-Authenticate": "Bearer"})
            return RedirectResponse(LOGIN, 303)
        return None

    def too_long(self, headers: Headers, body: Body) -> Response | None:
        """Return the answer to a request whose header announces too many bytes; None for any other."""
        length = headers.get("content-length", "")
        return body.too_long() if length.isdigit() and int(length) > body.most_bytes else None

    def knows(self, path: str, headers: Headers) -> bool:
        """Return whether a request carries the token or the cookie of a login, or is the login itself."""
        assert self.token is not None
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and same(given.strip(), self.token):
            return True
        return path == LOGIN or same(cookie_of(headers), self.session)

    async def pass_on(self, scope: Scope, body: Body) -> Response | None:
        """Pass a request on; return the answer if its body had to be refused meanwhile."""
        try:
            await self.app(scope, body.receive, body.send)
        except RefusedError:
            pass
        except ClientDisconnect:
            logger.warning("%s %r was broken off by its client", scope["method"], scope["path"])
        except asyncio.CancelledError:  # by uvicorn, whose time to stop is over
            if not body.started:
                return problem(503, str(StoppingError()), {"Connection": "close"})
            raise
        finally:
            body.end()
        return None if body.started else body.refusal


def as_asked(scope: Scope) -> Scope:
    """Return a request without the headers that proxies, or forgers, add.

    Only X-Forwarded-Proto counts, which says that the client has used TLS. A client that forges it harms only itself:
    it gets links with https, and a cookie that its browser does not send back without TLS.
    """
    forwarded = Headers(scope=scope).get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    kept = [pair for pair in scope["headers"] if not pair[0].lower().startswith((b"x-forwarded", b"forwarded"))]
    return {**scope, "headers": kept, "scheme": "https" if forwarded == "https" else scope["scheme"]}


def safely(send: Send) -> Send:
    """Add the headers that protect browsers to an answer."""

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message.get("headers", [])}
            more = [pair for pair in SAFE_HEADERS.items() if pair[0] not in given]
            message = {**message, "headers": [*message.get("headers", []), *more]}
        await send(message)

    return with_headers


def same(given: str, wanted: str) -> bool:
    """Compare two secrets in a time that does not depend on where they differ."""
    return hmac.compare_digest(given.encode(), wanted.encode())


def cookie_of(headers: Headers) -> str:
    """Return the cookie of a login, or an empty text."""
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""
