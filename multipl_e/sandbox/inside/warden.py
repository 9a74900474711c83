"""First process of the sandbox: takes jobs, gives each a process of its own, cleans up after it.

It never looks at programs or tests. A job is a small header, read here, and frames that the
job's own process reads from the same stream, so that nothing of one candidate is in the memory
that the next one inherits.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import sys
import time
from typing import Any

from . import compartment, frames, linux, python_judge
from .programs import run_steps
from .services import Services
from .split import judge_split

# Imported once, so that candidates find them ready (they import from the same cache).
_PRELOADED = (
    "abc", "array", "ast", "bisect", "calendar", "cmath", "collections", "copy", "datetime",
    "decimal", "enum", "fractions", "functools", "hashlib", "heapq", "inspect", "io", "itertools",
    "json", "linecache", "math", "numbers", "operator", "queue", "random", "re", "statistics",
    "string", "struct", "textwrap", "time", "traceback", "typing", "unicodedata", "dataclasses",
)  # fmt: skip
_GRACE_SECONDS = 3.0
# Jobs whose own process is the first of the program's pid namespace.
_FIRST_PROCESS = ("steps", "split")


def main() -> None:
    """Serve jobs on standard input until it ends."""
    channel = os.dup(0)
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    linux.close_all_but(channel)  # from here on, every descriptor is closed by exec
    settings = frames.receive(channel)
    isolated = settings["isolated"]
    prepare(isolated)
    services = Services(settings.get("services", {}), isolated=isolated)
    frames.send(channel, {"ready": True, "python": sys.version.split()[0]})
    try:
        while True:
            header = frames.receive(channel)
            header["isolated"] = isolated
            frames.send(channel, run_job(channel, header, services))
    except (frames.Hangup, BrokenPipeError, ConnectionResetError):
        pass
    finally:
        compartment.sweep()


def prepare(isolated: bool) -> None:
    """Warm the interpreter and lock the process up."""
    for name in _PRELOADED:
        with contextlib.suppress(ImportError):
            __import__(name)
    os.environ.pop("PYTHONPATH", None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    linux.become_subreaper()
    if isolated:
        # No user namespace inside the sandbox: it would hand capabilities back.
        with contextlib.suppress(OSError):
            linux.mount("proc", "/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
            with open("/proc/sys/user/max_user_namespaces", "w") as file:
                file.write("0")
    linux.set_dumpable(False)
    gc.disable()
    gc.collect()
    gc.freeze()


def run_job(channel: int, header: dict[str, Any], services: Services) -> dict[str, Any]:
    """Run one job in a process of its own; always answers."""
    service = header.get("service")
    if service is not None:
        services.ensure(service)
    result_read, result_write = os.pipe()
    alone = header["isolated"] and header["job"] in _FIRST_PROCESS
    pid = linux.fork_first_process() if alone else os.fork()
    if pid == 0:
        code = 1
        try:
            linux.die_with_parent()
            os.close(result_read)
            _perform(channel, header, services, result_write)
            code = 0
        except frames.Hangup:
            code = 3
        except BaseException as error:
            with contextlib.suppress(BaseException):
                reason = f"{type(error).__name__}: {error}"
                frames.send(result_write, {"infrastructure": reason})
        finally:
            os._exit(code)
    os.close(result_write)
    deadline = time.monotonic() + header["deadline"] + _GRACE_SECONDS
    data = _collect(result_read, channel, deadline)
    linux.kill(pid)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
    compartment.sweep(services.pids())
    report = _decode(data)
    if report is None:
        services.stop()
        return {"overdue": True} if time.monotonic() >= deadline else {"lost": True}
    if service is not None and (report.get("service_lost") or "infrastructure" in report):
        services.stop()
    return report


def _perform(channel: int, header: dict[str, Any], services: Services, out: int) -> None:
    report: dict[str, Any]
    if header["job"] == "python":
        report = python_judge.judge(channel, header)
    elif header["job"] == "steps":
        report = run_steps(channel, header)
    elif header["job"] == "split":
        report = judge_split(channel, header, services)
    elif header["job"] == "service":
        report = services.relay(channel, header)
    else:
        raise ValueError(f"unknown job {header['job']!r}")
    frames.send(out, report)


def _collect(result: int, channel: int, deadline: float) -> bytes:
    """All that the job's process reports; gives up at the deadline or when the host is gone."""
    poll = select.poll()
    poll.register(result, select.POLLIN)
    poll.register(channel, select.POLLHUP | select.POLLRDHUP)
    data = bytearray()
    try:
        while (left := deadline - time.monotonic()) > 0:
            for fd, _ in poll.poll(left * 1000):
                if fd == channel:
                    raise frames.Hangup
                part = os.read(result, 1 << 20)
                if not part:
                    return bytes(data)
                data += part
        return b""
    finally:
        os.close(result)


def _decode(data: bytes) -> dict[str, Any] | None:
    if len(data) < 4 or len(data) != 4 + int.from_bytes(data[:4], "big"):
        return None
    report: dict[str, Any] = json.loads(data[4:])
    return report


if __name__ == "__main__":
    main()
