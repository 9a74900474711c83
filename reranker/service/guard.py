"""What every request passes first: its log line, its key, and the limits of its body."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import logging
import re
import secrets
import time

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reranker.service.errors import GONE, TOO_LARGE, UNAUTHORIZED, ServiceError, error_response
from reranker.service.metrics import Metrics

log = logging.getLogger("reranker.service")

OPEN_PATHS = frozenset({"/health", "/metrics"})
_REQUEST_ID = re.compile(rb"[\w.-]{1,64}")
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]


class Observer:
    """Gives every request an id, counts and times it, and writes its line to the log."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer through the application."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        status = GONE.status
        start = time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"], (b"x-request-id", request_id.encode()), *_HEADERS
                ]  # fmt: skip
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - start
            # The route as it is declared: what was asked for may be anything, and any number.
            route = getattr(scope.get("route"), "path", "none")
            self.metrics.requests.labels(route, str(status)).inc()
            self.metrics.seconds.labels(route).observe(seconds)
            fields = {
                "request_id": request_id,
                "method": scope["method"],
                "route": route,
                "status": status,
                "milliseconds": round(seconds * 1000, 1),
                **{name: state[name] for name in ("candidates", "tokens") if name in state},
            }
            log.info("request", extra={"fields": fields})


class Guard:
    """Refuses requests without the key, and bodies that are too large or too slow."""

    def __init__(
        self, app: ASGIApp, *, api_key: str | None, max_body_bytes: int, timeout: float
    ) -> None:
        """Wrap an application.

        Args:
            app: What is guarded.
            api_key: Demanded everywhere but on `OPEN_PATHS`; None demands nothing.
            max_body_bytes: Larger bodies are not read to their end.
            timeout: Seconds a client has to send its body.
        """
        self.app, self.api_key = app, api_key
        self.max_body_bytes, self.timeout = max_body_bytes, timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer through the application, or refuse."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if not self._may_pass(scope):
            error = ServiceError(UNAUTHORIZED, "this server wants its API key as a bearer token")
            await error_response(scope, error)(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared[:20]) > self.max_body_bytes:
            message = f"the body is larger than {self.max_body_bytes} bytes"
            await error_response(scope, ServiceError(TOO_LARGE, message))(scope, receive, send)
            return
        await self.app(scope, self._limited(receive), send)

    def _may_pass(self, scope: Scope) -> bool:
        if self.api_key is None or scope["path"] in OPEN_PATHS:
            return True
        given = _given_key(dict(scope["headers"]).get(b"authorization", b""))
        return hmac.compare_digest(given, self.api_key.encode())

    def _limited(self, receive: Receive) -> Receive:
        deadline = time.monotonic() + self.timeout
        size, complete = 0, False

        async def limited() -> Message:
            nonlocal size, complete
            if complete:
                return await receive()
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408) from None
            if message["type"] == "http.request":
                size += len(message.get("body", b""))
                complete = not message.get("more_body", False)
                if size > self.max_body_bytes:
                    raise HTTPException(413)
            return message

        return limited


def _request_id(scope: Scope) -> str:
    given: bytes = dict(scope["headers"]).get(b"x-request-id", b"")
    return given.decode() if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _given_key(authorization: bytes) -> bytes:
    """The key in ``Bearer KEY``, or the password in ``Basic …`` (what a browser sends)."""
    scheme, _, rest = authorization.partition(b" ")
    if scheme.lower() == b"bearer":
        return rest.strip()
    if scheme.lower() == b"basic":
        try:
            return base64.b64decode(rest.strip(), validate=True).partition(b":")[2]
        except binascii.Error:
            return b""
    return b""
