"""Finished rows on disk as they come, so that a killed evaluation goes on where it was.

Rows are appended in the order in which they finish, each a line that begins with its position.
A line that was torn by ``kill -9`` is cut off when the journal is opened again. At the end the
rows are copied out in the order of the candidates, found by their offsets: memory stays small for
any number of rows.
"""

from __future__ import annotations

import array
import fcntl
import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from multipl_e.errors import UserError
from multipl_e.files import replacing

_ABSENT = -1


class Journal:
    """An append-only file of ``{"position": n, ...}`` lines. Use it as a context manager."""

    def __init__(self, path: Path, num_rows: int):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._offsets = array.array("q", [_ABSENT]) * num_rows
        self._file = path.open("a+b", buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise UserError(
                f"{path.parent}: another evaluation is writing here; wait for it or choose another"
                " --output"
            ) from None
        self._recover()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def num_done(self) -> int:
        """How many rows are there."""
        return sum(offset != _ABSENT for offset in self._offsets)

    def has(self, position: int) -> bool:
        """Whether this row is there."""
        return self._offsets[position] != _ABSENT

    def append(self, position: int, row: dict[str, Any]) -> None:
        """Add a row; once this returns, killing the process no longer loses it."""
        line = json.dumps({"position": position, **row}).encode() + b"\n"
        self._offsets[position] = self._end
        written = 0
        while written < len(line):
            written += self._file.write(line[written:])
        self._end += len(line)

    def rows(self) -> Iterator[dict[str, Any] | None]:
        """All rows in the order of their positions; None for those that are not there."""
        with self.path.open("rb") as file:
            for offset in self._offsets:
                if offset == _ABSENT:
                    yield None
                    continue
                file.seek(offset)
                row = json.loads(file.readline())
                del row["position"]
                yield row

    def _recover(self) -> None:
        self._end = 0
        with self.path.open("rb") as file:
            for line in file:
                position = _position(line)
                if position is None or position >= len(self._offsets):
                    break
                if self._offsets[position] == _ABSENT:
                    self._offsets[position] = self._end
                self._end += len(line)
        self._file.truncate(self._end)


def _position(line: bytes) -> int | None:
    if not line.endswith(b"\n"):
        return None
    try:
        position = json.loads(line)["position"]
    except (ValueError, KeyError, TypeError):
        return None
    return position if isinstance(position, int) and position >= 0 else None


def write_in_order(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    """Write rows as JSON lines, atomically."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")
