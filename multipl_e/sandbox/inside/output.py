"""What a program prints: always drained, partly kept."""

from __future__ import annotations

import os

KEEP_BYTES = 8192


class Output:
    """Head and tail of one stream, and how long it was."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.num_bytes = 0
        self.open = True
        self._head = bytearray()
        self._tail = bytearray()

    def drain(self) -> None:
        """Read what is there (call when readable)."""
        data = os.read(self.fd, 1 << 20)
        if not data:
            self.close()
            return
        self.num_bytes += len(data)
        room = KEEP_BYTES - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if data:
            self._tail += data
            if len(self._tail) > KEEP_BYTES:
                del self._tail[:-KEEP_BYTES]

    def close(self) -> None:
        """Stop reading."""
        if self.open:
            self.open = False
            os.close(self.fd)

    def text(self) -> str:
        """What was kept, with a mark where something was left out."""
        left_out = self.num_bytes - len(self._head) - len(self._tail)
        mark = f"\n[... {left_out} bytes left out ...]\n".encode() if left_out else b""
        return (bytes(self._head) + mark + bytes(self._tail)).decode("utf-8", "replace")
