"""What a request can be refused for, worded the way clients of its route expect.

Two families: text-embeddings-inference's ``{error, error_type}`` and OpenAI's (also vLLM's and
Cohere's) ``{error: {message, type, param, code}}``. Messages are written here and in the routes;
the text of an exception never goes out, since it may hold anything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import Scope

TEI_PATHS = frozenset({"/rerank", "/predict", "/info"})


@dataclass(frozen=True, slots=True)
class Kind:
    """A reason for refusing.

    Attributes:
        status: HTTP status in the OpenAI family.
        type: Its ``type``.
        tei_status: HTTP status in text-embeddings-inference's family.
        tei_type: Its ``error_type``.
    """

    status: int
    type: str
    tei_status: int
    tei_type: str


EMPTY = Kind(400, "invalid_request_error", 400, "Empty")
VALIDATION = Kind(400, "invalid_request_error", 422, "Validation")
TOO_LARGE = Kind(413, "request_too_large", 413, "Validation")
UNAUTHORIZED = Kind(401, "authentication_error", 401, "Unauthorized")
NOT_FOUND = Kind(404, "not_found_error", 404, "NotFound")
BAD_METHOD = Kind(405, "invalid_request_error", 405, "Validation")
SLOW_BODY = Kind(408, "request_timeout", 408, "Timeout")
OVERLOADED = Kind(429, "overloaded_error", 429, "Overloaded")
GONE = Kind(499, "client_closed_request", 499, "Closed")
BACKEND = Kind(500, "server_error", 424, "Backend")
UNHEALTHY = Kind(503, "service_unavailable", 503, "Unhealthy")
TIMEOUT = Kind(504, "timeout_error", 504, "Timeout")

_BY_STATUS = {404: NOT_FOUND, 405: BAD_METHOD, 413: TOO_LARGE, 408: SLOW_BODY}


class TeiError(BaseModel):
    """How text-embeddings-inference's routes refuse."""

    error: str
    error_type: str


class ErrorFields(BaseModel):
    """Why a request was refused."""

    message: str
    type: str
    param: str | None
    code: int


class Error(BaseModel):
    """How the other routes refuse."""

    error: ErrorFields


Responses = dict[int | str, dict[str, Any]]

REFUSALS: Responses = {"4XX": {"model": Error}, "5XX": {"model": Error}}
TEI_REFUSALS: Responses = {"4XX": {"model": TeiError}, "5XX": {"model": TeiError}}
"""What the routes' description says of refusals."""


class ServiceError(Exception):
    """A request that gets no scores.

    Attributes:
        kind: Why.
        message: What the client is told, ours alone.
        param: The field that is wrong, if one is.
        retry_after: Seconds after which another try makes sense.
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        param: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind, self.message, self.param, self.retry_after = kind, message, param, retry_after


def error_response(scope: Scope, error: ServiceError) -> JSONResponse:
    """The error in the form of the route's family."""
    kind = error.kind
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, min(60, math.ceil(error.retry_after))))
    if kind is UNAUTHORIZED:
        # A browser that opens the page asks its user for the key, as the password.
        headers["WWW-Authenticate"] = 'Basic realm="reranker", charset="UTF-8"'
    if scope["path"] in TEI_PATHS:
        body: dict[str, Any] = {"error": error.message, "error_type": kind.tei_type}
        return JSONResponse(body, kind.tei_status, headers)
    fields = {
        "message": error.message,
        "type": kind.type,
        "param": error.param,
        "code": kind.status,
    }
    return JSONResponse({"error": fields}, kind.status, headers)


def add_error_handlers(app: FastAPI) -> None:
    """Make every error of the application one of ours."""

    @app.exception_handler(ServiceError)
    async def service_error(request: Request, error: ServiceError) -> JSONResponse:
        return error_response(request.scope, error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return error_response(request.scope, _validation_error(error))

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        kind = _BY_STATUS.get(error.status_code, VALIDATION)
        message = {
            NOT_FOUND: "there is no such route; GET /docs lists them",
            BAD_METHOD: "this route does not take that method; GET /docs lists what it takes",
        }.get(kind, "the body could not be read as JSON")
        response = error_response(request.scope, ServiceError(kind, message))
        for name, value in (error.headers or {}).items():
            response.headers[name] = value
        return response

    @app.exception_handler(Exception)
    async def failure(request: Request, error: Exception) -> JSONResponse:
        reference = request.scope.get("state", {}).get("request_id", "")
        message = f"the server failed on this request; its log has it under {reference}"
        return error_response(request.scope, ServiceError(BACKEND, message))


def _validation_error(error: RequestValidationError) -> ServiceError:
    """The first mistake, without the value that was sent (it may be megabytes of anything)."""
    mistakes = error.errors()
    if any(mistake["type"] == "json_invalid" for mistake in mistakes):
        return ServiceError(VALIDATION, "the body is not valid JSON")
    # Of a union each alternative complains; the one that came furthest says most.
    mistake = max(mistakes, key=lambda m: len(m["loc"]))
    place = [part for part in mistake["loc"][1:] if isinstance(part, int) or part.islower()]
    param = ".".join(str(part)[:60] for part in place)[:200] or None
    if mistake["type"] == "too_short":
        return ServiceError(EMPTY, f"{param} must not be empty", param=param)
    if mistake["type"] == "missing":
        reason = "is missing"
    elif mistake["type"] == "value_error":  # raised by our own validators
        reason = str(mistake["ctx"]["error"])
    else:  # Pydantic's sentence names our types and bounds, not what was sent.
        reason = f"is not valid: {mistake['msg']}"[:200]
    return ServiceError(VALIDATION, f"{param or 'the body'} {reason}", param=param)
