"""Verdicts on disk, by content: the same program under the same conditions runs once ever."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from multipl_e.errors import UserError
from multipl_e.languages import Program
from multipl_e.progress import say
from multipl_e.records import Verdict
from multipl_e.sandbox import Limits

# Raise when a change here or inside the sandbox may change verdicts.
ENGINE_VERSION = 4
_PRUNE_EVERY = 2000


def fingerprint(program: Program, toolchain: str, limits: Limits, *, coverage: bool) -> str:
    """Key of a program's verdict: its text, the toolchain's version and the limits."""
    parts = (
        ENGINE_VERSION, program.language, program.code, program.tests, program.prompt,
        program.entry_points, toolchain, dataclasses.astuple(limits), coverage,
    )  # fmt: skip
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class VerdictCache:
    """A size-bounded table in one SQLite file; oldest used entries go first.

    Verdicts can be had again: when the disk is full they are no longer kept, which is said once.

    Raises:
        UserError: The file cannot be made, or is none of ours.
    """

    def __init__(self, path: Path, *, max_mb: int = 512):
        self._max_bytes = max_mb << 20
        self._lock = threading.Lock()
        self._writes = 0
        self._full = False
        path.mkdir(parents=True, exist_ok=True)
        file = path / "verdicts.sqlite"
        try:
            self._db = _opened(file)
        except sqlite3.DatabaseError as error:
            raise UserError(
                f"{file}: verdicts cannot be kept there ({error}); make room on the disk, or delete"
                " the file if it is damaged"
            ) from None

    def get(self, key: str) -> Verdict | None:
        """The verdict kept under `key`."""
        with self._lock:
            row = self._db.execute("select verdict from verdicts where key = ?", (key,)).fetchone()
        if row is None:
            return None
        fields = json.loads(row[0])
        if fields["executed_lines"] is not None:
            fields["executed_lines"] = tuple(fields["executed_lines"])
        return Verdict(**fields)

    def put(self, key: str, verdict: Verdict) -> None:
        """Keep a verdict."""
        text = json.dumps(dataclasses.asdict(verdict))
        with self._lock, self._room():
            self._db.execute(
                "insert or replace into verdicts values (?, ?, ?)", (key, text, time.time())
            )
            self._writes += 1
            if self._writes % 100 == 0:
                self._db.commit()
            if self._writes % _PRUNE_EVERY == 0:
                self._prune()

    def close(self) -> None:
        """Write everything down."""
        with self._lock:
            with self._room():
                self._prune()
                self._db.commit()
            self._db.close()

    @contextmanager
    def _room(self) -> Iterator[None]:
        """Writes that may find the disk full."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if not self._full:
                say(f"verdicts are no longer kept for later runs: {error}")
            self._full = True

    def _prune(self) -> None:
        (size,) = self._db.execute("select total(length(verdict) + 100) from verdicts").fetchone()
        if size > self._max_bytes:
            (count,) = self._db.execute("select count(*) from verdicts").fetchone()
            drop = int(count * (1 - 0.8 * self._max_bytes / size))
            self._db.execute(
                "delete from verdicts where key in"
                " (select key from verdicts order by used limit ?)",
                (drop,),
            )


def _opened(file: Path) -> sqlite3.Connection:
    db = sqlite3.connect(file, check_same_thread=False, timeout=30)
    db.execute("pragma journal_mode = wal")
    db.execute("pragma synchronous = normal")
    db.execute(
        "create table if not exists verdicts"
        " (key text primary key, verdict text, used real) without rowid"
    )
    db.commit()
    return db
