"""The page's login on a server with a token: a form, and a cookie that no script can read."""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from rednet.web.guard import COOKIE, same
from rednet.web.guesses import Guesses
from rednet.web.limits import LOGIN

__all__ = ["add_login"]

FORM = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>rednet</title><style>:root{{color-scheme:light dark;font:16px system-ui,sans-serif}}
form{{max-width:20rem;margin:20vh auto;display:grid;gap:.75rem;padding:0 1rem}}
input,button{{font:inherit;padding:.6rem}}</style>
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
        return HTMLResponse(FORM.format(message=""))

    async def check(request: Request) -> Response:
        body = (await request.body()).decode(errors="replace")
        if not same(parse_qs(body).get("token", [""])[0], token):
            await guesses.wrong()
            return HTMLResponse(FORM.format(message=escape("That is not the token.")), 401)
        answer = RedirectResponse("/", 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, session, httponly=True, samesite="strict", path="/", secure=secure)
        return answer

    app.add_api_route(LOGIN, show, methods=["GET"], include_in_schema=False)
    app.add_api_route(LOGIN, check, methods=["POST"], include_in_schema=False)
