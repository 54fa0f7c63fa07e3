"""Errors as JSON (RFC 9457, `application/problem+json`), with the same sentences as on the command line."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from fastapi.responses import JSONResponse
from pydantic import BaseModel

from rednet.errors import ImageError, OptionError, RednetError
from rednet.web.api.options import RestoreOptions
from rednet.web.jobs.order import UnknownJobError
from rednet.web.jobs.queue import QueueFullError, StoppedError, StoppingError, TooSlowError
from rednet.web.jobs.shelf import NotDoneError

__all__ = ["PROBLEM", "Problem", "RequestError", "answered", "problem", "problem_of", "problem_with", "said"]

PROBLEM = "application/problem+json"
NAMES = {"picture": "the file", "mask": "the mask", "kernel": "the kernel"}  # by the beginning of our files' names


class RequestError(RednetError):
    """A request cannot be understood."""


STATUS: Mapping[type[RednetError], HTTPStatus] = {
    QueueFullError: HTTPStatus.TOO_MANY_REQUESTS,
    StoppingError: HTTPStatus.SERVICE_UNAVAILABLE,
    StoppedError: HTTPStatus.CONFLICT,
    NotDoneError: HTTPStatus.CONFLICT,
    UnknownJobError: HTTPStatus.NOT_FOUND,
    RequestError: HTTPStatus.BAD_REQUEST,
    TooSlowError: HTTPStatus.SERVICE_UNAVAILABLE,
    ImageError: HTTPStatus.UNPROCESSABLE_ENTITY,
    OptionError: HTTPStatus.UNPROCESSABLE_ENTITY,
}


class Problem(BaseModel):
    """What went wrong."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


def problem_with(status: int, detail: str) -> Problem:
    """Return a problem with the title of its HTTP status."""
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return an error as an answer.

    Args:
        status: HTTP status.
        detail: a sentence: what we got, what we need, what to do.
        headers: further headers.
    """
    return JSONResponse(problem_with(status, detail).model_dump(), status, dict(headers or {}), media_type=PROBLEM)


def problem_of(error: RednetError, folder: Path) -> JSONResponse:
    """Return one of our errors as an answer; `folder` as in `said`."""
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, QueueFullError) else {}
    return problem(status, answered(error, folder), headers)


def answered(error: BaseException, folder: Path) -> str:
    """Return an error's sentence, see `said`, with the field of the form that helps, if there is one."""
    field = getattr(error, "option", "")
    return f"{said(error, folder)} ({field})" if field in RestoreOptions.model_fields else said(error, folder)


def said(error: BaseException | str, folder: Path) -> str:
    """Return the sentence of an error or a warning; our own files, in or below `folder`, are named as the client's."""
    ours = re.compile(re.escape(f"{folder}{os.sep}") + r"(?:[\w-]+/)?([a-z]+)[\w.-]*")
    return ours.sub(lambda match: NAMES.get(match[1], "the file"), str(error))
