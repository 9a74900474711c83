"""The candidate's side of a Python judgement: run the program, then answer calls."""

from __future__ import annotations

import builtins
import gc
import os
import sys
import types
from collections.abc import Callable
from typing import Any

from . import compartment, linux
from .peer import Connection, describe
from .stdin_program import run_with_stdin

FILENAME = "candidate.py"


def main(job: dict[str, Any], channel: int, limits: compartment.Limits, *, isolated: bool) -> None:
    """Become the candidate. Never returns."""
    code = 1
    try:
        os.setsid()
        linux.close_all_but(channel)
        if isolated:
            compartment.private_processes()
        os.chdir(job["work"])
        compartment.confine(limits, isolated=isolated)
        linux.set_dumpable(True)
        _run(job, channel)
        code = 0
    except SystemExit as end:
        code = _exit_code(end)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BaseException:
                code = code or 120
        os._exit(code & 255)


def _exit_code(end: SystemExit) -> int:
    if end.code is None or isinstance(end.code, int):
        return int(end.code or 0)
    print(end.code, file=sys.stderr)
    return 1


def _run(job: dict[str, Any], channel: int) -> None:
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False, errors="backslashreplace")
    sys.stderr = os.fdopen(2, "w", closefd=False, errors="backslashreplace", buffering=1)
    gc.enable()
    connection = Connection(
        lambda count: _read(channel, count), lambda data: _write(channel, data), trusted=False
    )
    module = types.ModuleType("__main__")
    module.__dict__["__builtins__"] = builtins
    module.__dict__["__file__"] = FILENAME
    sys.argv = [FILENAME]
    sys.path[:] = [job["work"], *(p for p in sys.path if p not in ("", "/judge"))]
    sys.modules["__main__"] = module
    source = job["code"]
    _remember_source(source)
    # Everything below runs in one frame after the candidate: it may rebind what it likes, and the
    # worst that comes of it is its own wrong answers.
    try:
        program = compile(source, FILENAME, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        _, names, text, trace = describe(error)
        connection.send(("unreadable", names, text, trace))
        return
    except RecursionError as error:
        _, names, text, trace = describe(error)
        connection.send(("raised", names, text, trace))
        return
    trace_lines = _tracer(job)
    try:
        if trace_lines:
            trace_lines(True)
        exec(program, module.__dict__)
    except Exception as error:
        connection.send(describe(error))
        return
    connection.send(("loaded",))
    _serve(connection, module.__dict__)


def _serve(connection: Connection, names: dict[str, Any]) -> None:
    while True:
        message = connection.receive()
        if message[0] == "request":
            connection.serve(message)
        elif message[0] == "names":
            connection.send(("result", _look_up(names, message[1]), None))
        elif message[0] == "same process":
            # Weaker on purpose, for tests that must see the program's own process.
            _, tests, secret = message
            try:
                exec(compile(tests, "tests.py", "exec", dont_inherit=True), names)
            except Exception as error:
                connection.send(describe(error))
            else:
                connection.send(("result", secret, None))
        else:
            return


def _look_up(names: dict[str, Any], wanted: list[str]) -> dict[str, Any]:
    found: dict[str, tuple[str, object]] = {}
    for name in wanted:
        if name in names:
            value = names[name]
            if isinstance(value, types.ModuleType):
                found[name] = ("module", value.__name__)
            elif getattr(value, "__module__", None) == "typing":
                found[name] = ("typing", name)
            else:
                found[name] = ("value", value)
        elif name == run_with_stdin.__name__:
            found[name] = ("value", run_with_stdin)
    return found


def _tracer(job: dict[str, Any]) -> Callable[[bool], None] | None:
    lines = job.get("line_map")
    if lines is None:
        return None
    from .python_coverage import trace_into

    return trace_into(lines, FILENAME)


def _remember_source(source: str) -> None:
    linecache = sys.modules.get("linecache")
    if linecache is not None:
        linecache.cache[FILENAME] = (len(source), None, source.splitlines(True), FILENAME)


def _read(fd: int, count: int) -> bytes:
    data = os.read(fd, count)
    if len(data) == count:
        return data
    parts = [data]
    while data and (count := count - len(data)):
        data = os.read(fd, count)
        parts.append(data)
    if not data:
        sys.stdout.flush()
        os._exit(0)
    return b"".join(parts)


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
