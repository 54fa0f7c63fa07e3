"""The API's description (OpenAPI), with examples."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from rednet.images.formats import FORMATS, written_formats
from rednet.web.options import FILES, RestoreOptions
from rednet.web.problems import PROBLEM, Problem, problem_with

__all__ = ["DESCRIPTIONS", "JobStatus", "Models"]


class JobStatus(BaseModel):
    """How far a job is."""

    id: str
    state: str
    share: float
    before: int
    seconds: float
    seconds_left: float | None
    found: str
    warnings: list[str]
    picture: str | None
    error: str | None


class Models(BaseModel):
    """The networks."""

    loaded: str
    shipped: list[str]


JOB = {
    "id": "c2VjcmV0LXRoaW5ncyE", "state": "running", "share": 0.42, "before": 0, "seconds": 4.2, "seconds_left": 5.8,
    "found": "a photograph with noise of about sigma 18 (97% sure): repairing noise", "warnings": [], "picture": None,
    "error": None,
}  # fmt: skip
SENTENCES = {
    400: "the header Host is '[::1'; give a name or an address, and perhaps a port",
    408: "the request came too slowly (1024 bytes so far); send at least 16384 bytes/s",
    401: "this server wants its token, in a header: Authorization: Bearer TOKEN",
    403: "this request comes from another site's page; only our own is answered",
    404: "there is no job 'abc'; finished ones are kept for a while only",
    409: "the job is running; ask again when it is done",
    413: "the request has more than 104857600 bytes; send less, or raise the server's max_bytes",
    421: "this server answers to localhost and 127.0.0.1, not to 'example.org'",
    422: "the picture is not a picture that can be read: VipsForeignLoad: source is not in a known format",
    429: "the queue is full; try again in 4 s",
    500: "something went wrong here; the server's log tells what",
    503: "the job was stopped after 600 s, 42% done; give a smaller picture, or raise the server's max_seconds",
}
EVERYWHERE = (400, 401, 403, 408, 413, 421)
BINARY = {"type": "string", "format": "binary"}
OPTIONS = RestoreOptions.model_json_schema()["properties"]
PICTURES = {row.media: {"schema": BINARY} for row in written_formats()}


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe problems by their status, each with an example."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {
                PROBLEM: {
                    "schema": Problem.model_json_schema(),
                    "example": problem_with(status, SENTENCES[status]).model_dump(),
                }
            },
            **({"headers": {"Retry-After": {"schema": {"type": "integer"}}}} if status == 429 else {}),
        }
        for status in (*EVERYWHERE, *statuses)
    }


def of_job(description: str) -> dict[str, Any]:
    """Describe an answer with a job's progress."""
    return {
        "description": description,
        "content": {"application/json": {"schema": JobStatus.model_json_schema(), "example": JOB}},
    }


def body() -> dict[str, Any]:
    """Describe the body of a request to restore."""
    form = {
        "type": "object",
        "required": ["picture"],
        "properties": {**dict.fromkeys(FILES, BINARY), **OPTIONS},
        "additionalProperties": False,
    }
    return {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": form},
            "application/octet-stream": {"schema": BINARY},
            **{row.media: {"schema": BINARY} for row in FORMATS},
        },
    }


def in_query() -> list[dict[str, Any]]:
    """Describe the options in the query, for a body that is the picture itself."""
    return [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in OPTIONS.items()]


DESCRIPTIONS: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/v1/restore"): {
        "responses": {
            200: {"description": "The restored picture", "content": PICTURES},
            202: of_job("A job, where the picture is large or `wait` is false"),
            **answers(409, 422, 429, 500, 503),
        },
        "openapi_extra": {"requestBody": body(), "parameters": in_query()},
    },
    ("GET", "/v1/jobs/{job_id}"): {"responses": {200: of_job("How far it is"), **answers(404)}},
    ("DELETE", "/v1/jobs/{job_id}"): {"status_code": 204, "responses": answers(404)},
    ("GET", "/v1/jobs/{job_id}/picture"): {
        "responses": {
            200: {"description": "The restored picture", "content": PICTURES},
            **answers(404, 409, 422, 500, 503),
        },
    },
    ("GET", "/v1/models"): {
        "responses": {
            200: {
                "content": {"application/json": {"example": {"loaded": "universal", "shipped": ["fast", "universal"]}}}
            },
            **answers(),
        },
    },
    ("GET", "/healthz"): {
        "responses": {
            200: {"content": {"application/json": {"example": {"status": "ok", "version": "0.1.0"}}}},
            **answers(503),
        },
    },
    ("GET", "/metrics"): {
        "responses": {
            200: {"description": "Prometheus", "content": {"text/plain": {"schema": {"type": "string"}}}},
            **answers(),
        },
    },
}
