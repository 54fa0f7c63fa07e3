"""The gate before Gradio: it lets through what our page needs, and rewrites it so that only what we know is in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qs, quote

import gradio as gr
from starlette.requests import Request

from rednet.errors import OptionError
from rednet.web.bodies import Receive, Send
from rednet.web.incoming import Incoming
from rednet.web.problems import problem

__all__ = ["Gate"]

CALLS = ("/gradio_api/run/predict", "/gradio_api/queue/join")
ANSWERS = "/gradio_api/queue/data"
PLACES = re.compile(
    r"/|/config|/theme\.css|/favicon\.ico|/(assets|static)/[\w./-]+|/gradio_api/heartbeat/[\w-]{1,64}|" + ANSWERS
)
HEADERS = (b"host", b"accept", b"accept-encoding", b"accept-language", b"if-none-match", b"if-modified-since", b"range")
PAGE = re.compile(r"[\w-]{1,64}", re.ASCII)  # the name that Gradio's script gives to an open page
MOST_VALUES = 2000  # in a call; the page's largest has about 100
LARGEST_NUMBER = 1e9


class Gate:
    """Sends requests to our own routes or to Gradio's, of which nobody can reach more than the page needs.

    Gradio's routes for files, uploads and fetching are not among them; the page's own have their place.

    Args:
        own: our routes.
        page: Gradio's.
        blocks: Gradio's components and steps.
        incoming: the files that steps may be given.
    """

    def __init__(self, own: Any, page: Any, blocks: gr.Blocks, incoming: Incoming) -> None:
        self.own, self.page, self.blocks, self.incoming = own, page, blocks, incoming

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        path, method = scope.get("path", ""), scope.get("method", "")
        calls = path in CALLS
        if scope["type"] != "http" or not (calls or PLACES.fullmatch(path)):
            await self.own(scope, receive, send)
        elif method != ("POST" if calls else "GET"):
            allowed = "POST" if calls else "GET"
            refusal = problem(405, f"{method} {path}: Method Not Allowed; use {allowed}", {"Allow": allowed})
            await refusal(scope, receive, send)
        elif calls:
            await self.call(scope, receive, send)
        else:
            query = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0]
            known = path == ANSWERS and PAGE.fullmatch(query)
            await self.page(pared(scope, f"session_hash={query}" if known else ""), receive, send)

    async def call(self, scope: Any, receive: Receive, send: Send) -> None:
        """Let a step be called with what it may be given, or say why not."""
        body = await Request(scope, receive).body()
        try:
            content = self.rewritten(body)
        except OptionError as error:
            await problem(422, str(error))(scope, receive, send)
            return
        pending = [{"type": "http.request", "body": content, "more_body": False}]

        async def given() -> Any:
            return pending.pop() if pending else await receive()

        more = ((b"content-type", b"application/json"), (b"content-length", str(len(content)).encode()))
        await self.page(pared(scope, "", more), given, send)

    def rewritten(self, body: bytes) -> bytes:
        """Return a call with nothing in it but what its step takes; raises OptionError."""
        call = parsed(body)
        page, number, given = call.get("session_hash"), call.get("fn_index"), call.get("data")
        trigger = call.get("trigger_id")
        if not (isinstance(page, str) and PAGE.fullmatch(page)):
            raise OptionError("the call names no open page; load the page again")
        if type(number) is not int or number not in self.blocks.fns:
            raise OptionError("the call is of a step that the page does not have; load the page again")
        inputs = self.blocks.fns[number].inputs
        if not isinstance(given, list) or len(given) != len(inputs):
            raise OptionError(
                f"the call does not have the {len(inputs)} values that its step takes; load the page again"
            )
        data = [self.value(block, value, page) for block, value in zip(inputs, given, strict=True)]
        trigger = trigger if type(trigger) is int and abs(trigger) < LARGEST_NUMBER else None
        return json.dumps({"data": data, "fn_index": number, "session_hash": page, "trigger_id": trigger}).encode()

    def value(self, block: Any, value: Any, page: str) -> Any:
        """Return a component's value as its step may be given it; raises OptionError."""
        if isinstance(block, gr.State):  # Gradio keeps it itself
            return None
        if isinstance(block, gr.ImageEditor):
            self.paint(value, page)
            return None
        if isinstance(block, gr.File):
            return None if value is None else self.file(value, page)
        if not fits(block, value):
            raise OptionError("the call has a value that no control of the page gives; load the page again")
        return value

    def paint(self, value: Any, page: str) -> None:
        """Note the layers of a painting, which `strokes` reads, and Gradio never decodes; raises OptionError."""
        layers = value.get("layers") if isinstance(value, dict) else None
        files = [self.file(layer, page) for layer in layers] if isinstance(layers, list) else []
        self.incoming.paint(page, [Path(file["path"]) for file in files])

    def file(self, value: Any, page: str) -> dict[str, Any]:
        """Return a file as Gradio takes it, without any address; raises OptionError if it is none of ours."""
        path = value.get("path") if isinstance(value, dict) else None
        if not isinstance(path, str):
            raise OptionError("the call has no file where one belongs; choose one")
        place = self.incoming.claim(path, page)
        return {"path": str(place), "orig_name": place.name, "meta": {"_type": "gradio.FileData"}}


def fits(block: Any, value: Any) -> bool:
    """Tell whether a control of the page can have a value."""
    if isinstance(block, gr.Checkbox):
        return isinstance(value, bool)
    if isinstance(block, gr.Slider):
        return type(value) in (int, float) and bool(block.minimum <= value <= block.maximum)
    return (
        isinstance(block, gr.Radio) and type(value) in (int, str) and value in [choice for _, choice in block.choices]
    )


def parsed(body: bytes) -> Mapping[str, Any]:
    """Read a call; raises OptionError if it is none, or has more in it than any call of our page."""
    if sum(map(body.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise OptionError(f"the call has more than {MOST_VALUES} values; load the page again")
    try:
        call = json.loads(body, parse_constant=no_number)
    except (ValueError, RecursionError):
        call = None
    if not isinstance(call, dict):
        raise OptionError("the call is not a JSON object; load the page again")
    return call


def no_number(word: str) -> NoReturn:
    """Refuse NaN and Infinity, which JSON does not have."""
    raise ValueError(word)


def pared(scope: Any, query: str, more: tuple[tuple[bytes, bytes], ...] = ()) -> Any:
    """Return a request with nothing of its head but what the page needs."""
    headers = [pair for pair in scope["headers"] if pair[0].lower() in HEADERS]
    return {**scope, "headers": [*headers, *more], "query_string": quote(query, safe="=-_").encode()}
