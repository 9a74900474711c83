"""Rows on disk: JSON lines (plain or gzipped), Parquet and MultiPL-E's one-file-per-problem JSON.

Reading streams, so a file of any size takes constant memory. Writing is atomic: a temporary file
in the same folder, flushed to the disk and renamed, so that a reader never sees half a file and
``kill -9`` leaves the old one.
"""

from __future__ import annotations

import gzip
import json
import os
import uuid
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from multipl_e.errors import UserError

if TYPE_CHECKING:
    import pyarrow

Row = Mapping[str, Any]

PARQUET_ROWS_AT_ONCE = 512
KNOWN_ENDINGS = (".jsonl", ".jsonl.gz", ".parquet", ".json", ".json.gz")


def user_cache() -> Path:
    """The user's folder for what can be made again."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "multipl-e"


def iter_rows(path: Path | str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a file, each with the words that say where it stands ("t.jsonl, line 3").

    Raises:
        UserError: the file is missing, damaged, of an unknown kind, or a line is not an object.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")
    if path.name.endswith(".parquet"):
        yield from _iter_parquet(path)
    elif path.name.endswith((".jsonl", ".jsonl.gz")):
        yield from _iter_json_lines(path)
    elif path.name.endswith((".json", ".json.gz")):
        with _opened(path) as file, _readable(path):
            content = file.read()
        yield str(path), _parse_object(content, str(path))
    else:
        raise UserError(f"{path}: its name must end in one of {', '.join(KNOWN_ENDINGS)}")


def write_rows(path: Path | str, rows: Iterable[Row], schema: pyarrow.Schema) -> None:
    """Write rows as the file's name says; `schema` gives a Parquet file's columns.

    Rows are taken from the iterable as they are written. A lone surrogate, which Parquet cannot
    hold, is written there as its escape (``\\ud800``); JSON keeps it.
    """
    path = Path(path)
    check_table_name(path)
    with replacing(path) as temporary:
        if path.name.endswith(".parquet"):
            _write_parquet(temporary, rows, schema)
        else:
            _write_json_lines(temporary, rows, compress=path.name.endswith(".gz"))


def write_json(path: Path | str, content: object) -> None:
    """Write one JSON document, indented, atomically; gzipped if the name ends in ``.gz``."""
    path = Path(path)
    data = _encoded(content, indent=2) + b"\n"
    write_bytes(path, gzip.compress(data, mtime=0) if path.name.endswith(".gz") else data)


def write_text(path: Path | str, text: str) -> None:
    """Write a text file atomically."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path | str, data: bytes) -> None:
    """Write a file atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def check_writable(path: Path | str) -> None:
    """Find out that a file or folder cannot be made before hours of work go into it.

    Raises:
        OSError: the place cannot be written to; the path is `path`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    trial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        trial.touch()
    except OSError as error:
        error.filename = str(path)
        raise
    trial.unlink()


def check_table_name(path: Path | str) -> None:
    """Refuse a name that `write_rows` does not know, before there are rows.

    Raises:
        UserError: with the endings that are known.
    """
    if not str(path).endswith((".jsonl", ".jsonl.gz", ".parquet")):
        raise UserError(f"{path}: its name must end in .jsonl, .jsonl.gz or .parquet")


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path in the same folder; on success it takes the place of `path`."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        # A person knows the file that was to be written, not the temporary one.
        if error.filename is not None and Path(error.filename) == temporary:
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _opened(path: Path) -> IO[bytes]:
    if path.name.endswith(".gz"):
        return cast(IO[bytes], gzip.open(path, "rb"))
    return path.open("rb")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(f"{path}: the compressed file is damaged or cut short") from error


def _iter_json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with _opened(path) as file, _readable(path):
        for number, line in enumerate(file, start=1):
            if line.strip():
                place = f"{path}, line {number}"
                yield place, _parse_object(line, place)


def _iter_parquet(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches(batch_size=PARQUET_ROWS_AT_ONCE):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{path}, row {number}", row
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError) as error:
        raise UserError(f"{path}: not a Parquet file, or a damaged one") from error


def _parse_object(content: bytes, place: str) -> dict[str, Any]:
    try:
        row = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UserError(f"{place}: not UTF-8 text") from error
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "too deep or too large"
        raise UserError(f"{place}: not JSON ({reason})") from error
    if not isinstance(row, dict):
        raise UserError(f"{place}: a JSON object is expected, not {type(row).__name__}")
    return row


def _encoded(content: object, indent: int | None = None) -> bytes:
    try:
        return json.dumps(content, ensure_ascii=False, indent=indent).encode("utf-8")
    except UnicodeEncodeError:
        # A lone surrogate (a program may hold one) has no UTF-8 form, but it has an escape.
        return json.dumps(content, indent=indent).encode("ascii")


def _write_json_lines(path: Path, rows: Iterable[Row], *, compress: bool) -> None:
    with path.open("wb") as raw:
        # No name and no time in the gzip header: equal rows give equal bytes.
        packed = gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) if compress else raw
        with packed as file:
            for row in rows:
                file.write(_encoded(row) + b"\n")


def _write_parquet(path: Path, rows: Iterable[Row], schema: pyarrow.Schema) -> None:
    import pyarrow
    from pyarrow import parquet

    source = iter(rows)
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while batch := list(islice(source, PARQUET_ROWS_AT_ONCE)):
            encodable = [{key: _storable(value) for key, value in row.items()} for row in batch]
            writer.write_table(pyarrow.Table.from_pylist(encodable, schema=schema))


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, (list, tuple)):
        return [_storable(item) for item in value]
    return value
