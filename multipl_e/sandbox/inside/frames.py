"""Messages between host and sandbox: four bytes of length, then JSON."""

from __future__ import annotations

import json
import os
from typing import Any

MAX_FRAME_BYTES = 256 << 20


class Hangup(Exception):
    """The other side is gone."""


def encode(message: Any) -> bytes:
    """The bytes of one message."""
    body = json.dumps(message, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return len(body).to_bytes(4, "big") + body


def send(fd: int, *messages: Any) -> None:
    """Write messages, all of them, in order."""
    view = memoryview(b"".join(map(encode, messages)))
    while view:
        view = view[os.write(fd, view) :]


def receive(fd: int) -> Any:
    """Read one message, and not a byte more.

    Raises:
        Hangup: the stream ended.
    """
    length = int.from_bytes(read_exactly(fd, 4), "big")
    if length > MAX_FRAME_BYTES:
        raise Hangup(f"a frame of {length} bytes")
    return json.loads(read_exactly(fd, length))


def read_exactly(fd: int, count: int) -> bytes:
    """`count` bytes from `fd`."""
    parts = []
    while count:
        part = os.read(fd, min(count, 1 << 20))
        if not part:
            raise Hangup("end of stream")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
