"""Who may talk to the server, and how much: checked before anything else looks at a request."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response

from rednet.web.problems import TooLongError, problem

__all__ = ["COOKIE", "LOGIN", "Guard", "is_loopback", "same"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE, LOGIN, HEALTH = "rednet", "/login", "/healthz"
FOR_PROGRAMS = ("/v1/", "/metrics", "/docs", "/openapi.json")
FETCHING = re.compile(r"/proxy=|/file[=/]\s*https?:", re.IGNORECASE)
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
        max_bytes: of a request.
        refused: called with the status of each refusal.
    """

    def __init__(
        self, app: App, *, token: str | None, max_bytes: int, refused: Callable[[int], None] = lambda status: None
    ) -> None:
        self.app, self.token, self.max_bytes, self.refused = app, token, max_bytes, refused
        self.session = secrets.token_urlsafe(32)  # what the login's cookie says; the token itself stays out of it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # no websockets: nothing of ours uses them
        headers = Headers(scope=scope)
        refusal = self.refuse(scope["path"], headers)
        if refusal is not None:
            self.refused(refusal.status_code)
            await refusal(scope, receive, send)
            return
        await self.pass_on(scope, receive, send)

    def refuse(self, path: str, headers: Headers) -> Response | None:
        """Gives the answer to a request that is not let in."""
        host = headers.get("host", "")
        if self.token is None and not is_loopback(urlsplit(f"//{host}").hostname or ""):
            return problem(421, f"this server answers to localhost and 127.0.0.1, not to {host!r}")
        origin = headers.get("origin")
        if (origin is not None and urlsplit(origin).netloc != host) or headers.get("sec-fetch-site") == "cross-site":
            return problem(403, "this request comes from another site's page; only our own is answered")
        if self.token is not None and path != HEALTH and not self.knows(path, headers):
            if path.startswith(FOR_PROGRAMS) or "text/html" not in headers.get("accept", ""):
                sentence = "this server wants its token, in a header: Authorization: Bearer TOKEN"
                return problem(401, sentence, {"WWW-Authenticate": "Bearer"})
            return RedirectResponse(LOGIN, 303)
        if fetches(path):
            return problem(403, "this server fetches nothing from elsewhere; send the picture itself")
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > self.max_bytes:
            return problem(413, self.too_long())
        return None

    def knows(self, path: str, headers: Headers) -> bool:
        """Tells whether a request carries the token, or, for the page, the cookie of a login."""
        assert self.token is not None
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and same(given.strip(), self.token):
            return True
        if path.startswith(FOR_PROGRAMS):
            return False
        return path == LOGIN or same(cookie_of(headers), self.session)

    def too_long(self) -> str:
        """Says that a request has too many bytes."""
        return f"the request has more than {self.max_bytes} bytes; raise --max-bytes, or send less"

    async def pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, counting its bytes, and adds to the answer what browsers are to heed."""
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.max_bytes:
                raise TooLongError(self.too_long())
            return message

        async def safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message.get("headers", [])}
                more = [pair for pair in SAFE_HEADERS.items() if pair[0] not in given]
                message = {**message, "headers": [*message.get("headers", []), *more]}
            await send(message)

        await self.app(scope, counted, safely)


def fetches(path: str) -> bool:
    """Tells whether a path asks Gradio to fetch something from elsewhere."""
    return FETCHING.search(unquote(path)) is not None


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
