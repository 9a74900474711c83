"""The judge's side of a Python judgement: the tests, their expected values and the verdict.

The candidate runs in a process of its own that never sees the tests. This process calls it
through a pipe and compares what comes back, made of plain values only, with what the tests
expect. So there is no assertion to patch, no expected value to read and no exit that counts.
"""

from __future__ import annotations

import ast
import builtins
import io
import linecache
import mmap
import os
import resource
import secrets
import select
import socket
import sys
import time
import types
from typing import Any

from . import compartment, frames, linux, python_candidate
from .output import Output
from .peer import Connection, rebuild
from .traces import format_trace
from .wire import Remote

FILENAME = "tests.py"
# Of what the tests print, this many characters from the end are reported.
KEPT_CHARACTERS = 1 << 16
# Names with which tests reach into the program's own process; those are run in there.
_NEEDS_PROCESS = {
    "redirect_stdout", "redirect_stderr", "stdout", "stderr", "stdin", "inspect", "unittest",
    "globals", "getsource", "mock", "patch", "__code__", "__dict__", "__file__", "input",
}  # fmt: skip


class Gone(Exception):
    """The candidate's process ended."""


class Stopped(Exception):
    """The candidate was stopped; the argument is the verdict's status."""


class Candidate:
    """The other process as the judge sees it."""

    def __init__(
        self, job: dict[str, Any], limits: compartment.Limits, *, isolated: bool, deadline: float
    ):
        self.deadline = deadline
        self.limits = limits
        ours, theirs = socket.socketpair()
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        self.pid = linux.fork_first_process() if isolated else os.fork()
        if self.pid == 0:
            null = os.open("/dev/null", os.O_RDONLY)
            for fd, wanted in ((null, 0), (out_write, 1), (err_write, 2)):
                os.dup2(fd, wanted)
            python_candidate.main(job, theirs.fileno(), limits, isolated=isolated)
        theirs.close()
        os.close(out_write)
        os.close(err_write)
        ours.setblocking(False)
        self.channel = ours
        self.stdout, self.stderr = Output(out_read), Output(err_read)
        self.pidfd = os.pidfd_open(self.pid)
        self.exit_code: int | None = None
        self._received = bytearray()
        self._poll = select.poll()
        for fd in (ours.fileno(), self.pidfd, out_read, err_read):
            self._poll.register(fd, select.POLLIN)

    def read(self, count: int) -> bytes:
        """`count` bytes of what the candidate sends, draining its output meanwhile."""
        while len(self._received) < count:
            ready = self._wait()
            if self.channel.fileno() in ready:
                try:
                    data = self.channel.recv(1 << 20)
                except (BlockingIOError, ConnectionResetError):
                    data = b""
                if not data:
                    raise Gone
                self._received += data
            elif self.pidfd in ready:
                raise Gone
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken

    def write(self, data: bytes) -> None:
        """Send bytes to the candidate."""
        view = memoryview(data)
        while view:
            try:
                view = view[self.channel.send(view) :]
            except BlockingIOError:
                self._wait(write=True)
            except (BrokenPipeError, ConnectionResetError):
                raise Gone from None

    def _wait(self, write: bool = False) -> set[int]:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Stopped("Timeout")
        mask = select.POLLIN | (select.POLLOUT if write else 0)
        self._poll.modify(self.channel.fileno(), mask)
        ready = {fd for fd, _ in self._poll.poll(left * 1000)}
        for stream in (self.stdout, self.stderr):
            if stream.open and stream.fd in ready:
                fd = stream.fd
                stream.drain()
                if not stream.open:
                    self._poll.unregister(fd)
                if stream.num_bytes > self.limits.output_mb << 20:
                    raise Stopped("OutputLimit")
        return ready

    def end(self, grace: float) -> int:
        """Let the candidate end within `grace` seconds, kill it otherwise; its exit code."""
        if self.exit_code is not None:
            return self.exit_code
        self.channel.close()
        self._poll = select.poll()
        until = time.monotonic() + grace
        streams = [s for s in (self.stdout, self.stderr) if s.open]
        waiting = True
        while streams or waiting:
            poll = select.poll()
            for fd in [s.fd for s in streams] + [self.pidfd] * waiting:
                poll.register(fd, select.POLLIN)
            ready = {fd for fd, _ in poll.poll(max(0.0, until - time.monotonic()) * 1000)}
            if not ready:
                break
            for stream in streams:
                if stream.fd in ready:
                    stream.drain()
            streams = [s for s in streams if s.open]
            if self.pidfd in ready:
                waiting = False
                until = min(until, time.monotonic() + 0.05)
        linux.kill(self.pid)
        _, status = os.waitpid(self.pid, 0)
        self.exit_code = os.waitstatus_to_exitcode(status)
        return self.exit_code


def judge(incoming: int, header: dict[str, Any]) -> dict[str, Any]:
    """Judge one candidate: its code is the next frame, the tests the one after."""
    limits = compartment.Limits(**header["limits"])
    isolated = header["isolated"]
    job = frames.receive(incoming)
    line_map = mmap.mmap(-1, job["code"].count("\n") + 3) if job["coverage"] else None
    job["line_map"] = line_map
    start = time.monotonic()
    if isolated:
        compartment.private_files(limits)
    candidate = Candidate(job, limits, isolated=isolated, deadline=start + limits.seconds)
    # Only now: no copy of the tests was ever in the memory that the candidate inherited.
    tests = frames.receive(incoming)
    printed = io.StringIO()
    report = _judge(candidate, tests, limits, printed)
    report |= {
        "stdout": candidate.stdout.text() + printed.getvalue()[-KEPT_CHARACTERS:],
        "stderr": candidate.stderr.text() + report.pop("trace", ""),
        "seconds": time.monotonic() - start,
        "cpu_seconds": compartment.cpu_seconds(),
    }
    if line_map is not None:
        report["lines"] = [n for n in range(1, len(line_map)) if line_map[n]]
    return report


def _judge(
    candidate: Candidate,
    tests: dict[str, Any],
    limits: compartment.Limits,
    printed: io.StringIO,
) -> dict[str, Any]:
    connection = Connection(candidate.read, candidate.write, trusted=True)
    counter = _Counter()
    status, trace = "OK", ""
    try:
        loaded = connection.receive()
        if loaded[0] == "loaded":
            _run_tests(connection, tests, counter, limits, printed)
        else:
            trace = str(loaded[3])
            status = "SyntaxError" if loaded[0] == "unreadable" else _status_of(loaded[1])
    except Stopped as stop:
        status = stop.args[0]
    except Gone:
        status = "Incomplete"
    except (Exception, SystemExit) as error:
        status = _status_of([c.__name__ for c in type(error).__mro__])
        trace = getattr(error, "candidate_trace", "") + format_trace(error)[-4000:]
    code = candidate.end(0.0 if status in ("Timeout", "OutputLimit") else 0.5)
    if status == "Incomplete" and code != 0:
        status = "Exception"
    elif status in ("Exception", "SyntaxError", "OutOfMemory") and code == 0:
        code = 1
    elif status == "OK":
        code = 0
    total = counter.passed if status == "OK" else counter.total
    passed = counter.passed if total is None else min(counter.passed, total)
    return {
        "status": status, "exit_code": code, "trace": trace, "passed": passed, "total": total,
    }  # fmt: skip


def _status_of(class_names: list[str]) -> str:
    return "OutOfMemory" if "MemoryError" in class_names else "Exception"


class _Counter(ast.NodeTransformer):
    """Counts assertions: how many there are, and how many held."""

    def __init__(self) -> None:
        self.passed = 0
        self.total: int | None = 0

    def __call__(self) -> None:
        self.passed += 1

    def visit_Assert(self, node: ast.Assert) -> Any:
        if self.total is not None:
            self.total += 1
        name = ast.copy_location(ast.Name("__passed__", ast.Load()), node)
        call = ast.copy_location(ast.Call(name, [], []), node)
        return [node, ast.copy_location(ast.Expr(call), node)]

    def _uncountable(self, node: ast.AST) -> Any:
        self.total = None
        return self.generic_visit(node)

    visit_For = visit_While = visit_ListComp = _uncountable


def _run_tests(
    connection: Connection,
    tests: dict[str, Any],
    counter: _Counter,
    limits: compartment.Limits,
    printed: io.StringIO,
) -> None:
    source = tests["tests"]
    tree = ast.parse(source, FILENAME)
    used, mentioned = _names(tree)
    if mentioned & _NEEDS_PROCESS:
        secret = secrets.token_hex(16)
        connection.send(("same process", source, secret))
        if connection.answer() != secret:
            raise Gone
        return
    linux.limit(resource.RLIMIT_AS, (limits.memory_mb or 4096) << 20)
    sys.stdout = sys.stderr = printed
    module = types.ModuleType("__main__")
    names = module.__dict__
    names["__builtins__"] = builtins
    _fetch_names(connection, names, used, set(tests["entry_points"]))
    _run_preamble(names, tests)
    names["__passed__"] = counter
    sys.modules["__main__"] = module
    linecache.cache[FILENAME] = (len(source), None, source.splitlines(True), FILENAME)
    exec(compile(counter.visit(tree), FILENAME, "exec", dont_inherit=True), names)


def _fetch_names(
    connection: Connection, names: dict[str, Any], used: set[str], entry_points: set[str]
) -> None:
    """References to what the tests use of the program; never in place of a built-in."""
    wanted = sorted((used - _BUILTINS) | entry_points)
    connection.send(("names", wanted))
    found = connection.answer()
    if type(found) is not dict:
        raise rebuild(["TypeError"], "the program's names could not be read", "")
    for name in wanted:
        kind, value = found.get(name, ("absent", None))
        if kind == "value":
            names[name] = value
        elif kind == "module" and type(value) is str and value in _SAFE_MODULES:
            names[name] = __import__(value, fromlist=["_"])
        elif kind == "typing":
            import typing

            names[name] = getattr(typing, name, None)


def _names(tree: ast.AST) -> tuple[set[str], set[str]]:
    """Names that the tests read, and all that they mention (attributes and modules too)."""
    used, others = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            used.add(node.id)
        elif isinstance(node, ast.Attribute):
            others.add(node.attr)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            others |= {alias.name for alias in node.names}
            others.add(getattr(node, "module", None) or "")
    return used, used | others


_BUILTINS = frozenset(dir(builtins))
_SAFE_MODULES = {
    "math", "cmath", "typing", "collections", "itertools", "functools", "re", "string", "random",
    "copy", "heapq", "bisect", "operator", "datetime", "decimal", "fractions", "statistics", "json",
    "hashlib", "numpy", "sys", "os", "time",
}  # fmt: skip


def _run_preamble(names: dict[str, Any], tests: dict[str, Any]) -> None:
    """What the prompt itself defines before the function asked for is the task's, not the
    candidate's: helpers that the tests use are run here, from the prompt's own text."""
    if tests["preamble"]:
        own: dict[str, Any] = {"__builtins__": builtins, "__name__": "prompt"}
        try:
            exec(compile(tests["preamble"], "prompt.py", "exec", dont_inherit=True), own)
        except Exception:
            return
        for name, value in own.items():
            if not name.startswith("__") and name not in tests["entry_points"]:
                names[name] = value


__all__ = ["Remote", "judge"]
