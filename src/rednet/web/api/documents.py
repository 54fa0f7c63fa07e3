"""The API's description (OpenAPI), with examples."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from rednet.images.formats import FORMATS, written_formats
from rednet.web.api.options import FILES, LookTuning, RestoreOptions, Tuning
from rednet.web.api.problems import PROBLEM, Problem, problem_with
from rednet.web.api.status import JobStatus

__all__ = ["DESCRIPTIONS", "MOST_AT_ONCE", "Models"]

MOST_AT_ONCE = 200  # jobs that a request may name


class Models(BaseModel):
    """The networks."""

    loaded: list[str]
    shipped: list[str]


JOB = {
    "id": "c2VjcmV0LXRoaW5ncyE", "state": "running", "share": 0.42, "before": 0, "seconds": 4.2, "seconds_left": 5.8,
    "found": "a photograph with noise of about sigma 18 (97% sure): repairing noise", "warnings": [], "picture": None,
    "error": None, "name": "cat.jpg", "bytes": 1300000, "width": 4000, "height": 3000, "format": "JPEG",
    "depth": "uint8", "bands": 3, "scale": 1, "options": {"task": "auto"}, "touched": True, "views": ["before"],
    "tunes": ["strength", "detail"], "expires_s": 1800,
}  # fmt: skip
SENTENCES = {
    400: "the header Host is '[::1'; give a name or an address, and perhaps a port",
    408: "the request came too slowly (1024 bytes so far); send at least 16384 bytes/s",
    401: "this server wants its token, in a header: Authorization: Bearer TOKEN",
    403: "this request comes from another site's page; only our own is answered",
    404: "there is no job 'abc'; jobs are kept for a while only",
    409: "the job is running; ask again when it is done",
    413: "the request has more than 104857600 bytes; send less, or raise the server's max_bytes",
    421: "this server answers to localhost and 127.0.0.1, not to 'example.org'",
    422: "sigma is -3; it must be from 0 to 255",
    429: "the queue is full; try again in 4 s",
    500: "something went wrong here; the server's log tells what",
    503: "the job was stopped after 600 s, 42% done; give a smaller picture, or raise the server's max_seconds",
}
EVERYWHERE = (400, 401, 403, 408, 413, 421)
BINARY = {"type": "string", "format": "binary"}
EVENT = {"type": "object", "properties": {"event": {"const": "state"}, "data": {"type": "string"}}}
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
    return as_json(description, JOB, JobStatus.model_json_schema())


def as_json(description: str, example: Any, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    """Describe an answer in JSON."""
    return {
        "description": description,
        "content": {"application/json": {"schema": schema or {}, "example": example}},
    }


def as_file(description: str, *media: str) -> dict[str, Any]:
    """Describe an answer of bytes."""
    return {"description": description, "content": {kind: {"schema": BINARY} for kind in media}}


def body() -> dict[str, Any]:
    """Describe the body of a request to restore."""
    form = {
        "type": "object",
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


def in_query(model: type[BaseModel]) -> list[dict[str, Any]]:
    """Describe the fields of a model in the query."""
    options = model.model_json_schema()["properties"]
    return [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in options.items()]


def each_in_query(model: type[BaseModel]) -> list[dict[str, Any]]:
    """Describe the fields of a model in the query: one value for all jobs, or one for each."""
    return [
        {**field, "schema": {"type": "array", "items": field["schema"], "minItems": 1, "maxItems": MOST_AT_ONCE}}
        for field in in_query(model)
    ]


IDS = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MOST_AT_ONCE}
NAMES = {"name": "job", "in": "query", "required": True, "schema": IDS}
PICTURE = {"description": "The restored picture", "content": PICTURES}
EXAMPLE = {
    "name": "blur.png", "task": "deblur", "options": {"kernel": "disk:2"}, "mask": None,
    "picture": "/v1/examples/blur.png",
}  # fmt: skip

DESCRIPTIONS: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/v1/restore"): {
        "responses": {
            200: PICTURE,
            202: of_job("A job, where the picture is large or `wait` is false"),
            **answers(404, 409, 422, 429, 500, 503),
        },
        "openapi_extra": {"requestBody": body(), "parameters": in_query(RestoreOptions)},
    },
    ("GET", "/v1/jobs"): {
        "responses": {200: as_json("Those that there are", [JOB]), **answers(422)},
        "openapi_extra": {"parameters": [NAMES]},
    },
    ("GET", "/v1/jobs/{job_id}"): {"responses": {200: of_job("How far it is"), **answers(404)}},
    ("POST", "/v1/jobs/{job_id}/stop"): {"responses": {200: of_job("How it ended"), **answers(404)}},
    ("DELETE", "/v1/jobs/{job_id}"): {"status_code": 204, "responses": answers(404)},
    ("GET", "/v1/jobs/{job_id}/events"): {
        "responses": {
            200: {
                "description": "Events `state`, with the job's JSON as data",
                "content": {"text/event-stream": {"schema": EVENT}},
            },
            **answers(404, 503),
        },
    },
    ("GET", "/v1/jobs/{job_id}/picture"): {
        "responses": {200: PICTURE, **answers(404, 409, 422, 500, 503)},
        "openapi_extra": {"parameters": in_query(Tuning)},
    },
    ("GET", "/v1/archive"): {
        "responses": {200: as_file("All of them", "application/zip"), **answers(404, 409, 422, 500, 503)},
        "openapi_extra": {"parameters": [NAMES, *each_in_query(Tuning)]},
    },
    ("GET", "/v1/jobs/{job_id}/inspect"): {
        "responses": {200: as_json("The report of `rednet inspect`", {"sigma": 18.0}), **answers(404, 409, 422, 503)},
    },
    ("GET", "/v1/jobs/{job_id}/scratches"): {
        "responses": {200: as_file("255 where it is scratched", "image/png"), **answers(404, 409, 422, 503)},
    },
    ("GET", "/v1/iiif/{image}"): {
        "status_code": 303,
        "response_class": RedirectResponse,
        "responses": {303: {"description": "To its info.json"}, **answers(404, 409, 422, 500, 503)},
    },
    ("GET", "/v1/iiif/{image}/info.json"): {
        "responses": {
            200: {
                "description": "Of the IIIF Image API 3.0",
                "content": {"application/json": {"schema": {}}, "application/ld+json": {"schema": {}}},
            },
            **answers(404, 409, 422, 500, 503),
        },
    },
    ("GET", "/v1/iiif/{image}/{region}/{size}/{rotation}/{file}"): {
        "responses": {200: as_file("The part", "image/jpeg", "image/png"), **answers(404, 409, 422, 500, 503)},
        "openapi_extra": {"parameters": in_query(LookTuning)},
    },
    ("GET", "/v1/kernel.png"): {
        "responses": {200: as_file("White where most light goes", "image/png"), **answers(422)},
    },
    ("GET", "/v1/examples"): {"responses": {200: as_json("What there is to try", [EXAMPLE]), **answers(503)}},
    ("GET", "/v1/examples/{name}"): {
        "responses": {200: as_file("The picture", "image/png", "image/jpeg"), **answers(404, 503)},
    },
    ("GET", "/v1/models"): {
        "responses": {
            200: as_json("The networks", {"loaded": ["real", "universal"], "shipped": ["fast", "real", "universal"]}),
            **answers(),
        },
    },
    ("GET", "/healthz"): {
        "responses": {200: as_json("Alive", {"status": "ok", "version": "0.1.0"}), **answers(503)},
    },
    ("GET", "/metrics"): {
        "responses": {
            200: {"description": "Prometheus", "content": {"text/plain": {"schema": {"type": "string"}}}},
            **answers(),
        },
    },
}
