"""The page's login on a server with a token: a form, and a cookie that no script can read."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from rednet.web.door.guard import COOKIE, same
from rednet.web.door.guesses import Guesses
from rednet.web.limits import LOGIN

__all__ = ["add_login"]

STYLE = """:root{color-scheme:light dark;font:16px system-ui,sans-serif}
form{max-width:20rem;margin:20vh auto;display:grid;gap:.75rem;padding:0 1rem}
input,button{font:inherit;padding:.6rem}"""
STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
FORM = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>rednet</title><style>{style}</style>
<form method="post"><h1>rednet</h1><label for="token">Token of this server</label>
<input id="token" name="token" type="password" autocomplete="current-password" autofocus required>
<p role="alert">{message}</p><button>Log in</button></form></html>"""


def add_login(app: FastAPI, token: str, session: str, guesses: Guesses) -> None:
    """Add the routes of the login.

    Args:
        app: gets the routes.
        token: the server's token.
        session: value of the cookie after the login.
        guesses: delays the answers to wrong tokens.
    """

    async def show() -> Response:
        return form("")

    async def check(request: Request) -> Response:
        body = (await request.body()).decode(errors="replace")
        if not same(parse_qs(body).get("token", [""])[0], token):
            await guesses.wrong()
            return form("That is not the token.", 401)
        answer = RedirectResponse("/", 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, session, httponly=True, samesite="strict", path="/", secure=secure)
        return answer

    app.add_api_route(LOGIN, show, methods=["GET"], include_in_schema=False)
    app.add_api_route(LOGIN, check, methods=["POST"], include_in_schema=False)


def form(message: str, status: int = 200) -> Response:
    """Return the login's page."""
    return HTMLResponse(FORM.format(style=STYLE, message=escape(message)), status, HEADERS)
