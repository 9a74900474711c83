"""Helpers that stay warm between jobs (a compiler, the judge of another language).

A service is trusted code that reads one line of JSON and answers with one. It never runs a
candidate. It lives as long as the sandbox, and is started anew when it fails.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import time
from typing import Any

from . import compartment, frames, linux


class ServiceLost(Exception):
    """The helper ended or did not answer in time."""


class Service:
    """One helper process and its two pipes."""

    def __init__(self, argv: list[str], env: dict[str, str], work: str):
        to_read, self.to_fd = os.pipe()
        self.from_fd, from_write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setsid()
                log = os.open("/dev/null", os.O_WRONLY)
                for fd, wanted in ((to_read, 0), (from_write, 1), (log, 2)):
                    os.dup2(fd, wanted)
                linux.close_all_but()
                linux.drop_privileges()
                os.chdir(work)
                os.execve(argv[0], argv, env)
            finally:
                os._exit(127)
        os.close(to_read)
        os.close(from_write)
        self._buffer = bytearray()

    def send(self, line: str) -> None:
        """Write one line."""
        view = memoryview(line.encode("utf-8", "surrogatepass") + b"\n")
        try:
            while view:
                view = view[os.write(self.to_fd, view) :]
        except BrokenPipeError:
            raise ServiceLost("the helper ended") from None

    def take_line(self) -> str | None:
        """A line that was already read."""
        end = self._buffer.find(b"\n")
        if end < 0:
            return None
        line = bytes(self._buffer[:end]).decode("utf-8", "replace")
        del self._buffer[: end + 1]
        return line

    def fill(self) -> None:
        """Read what is there (call when readable)."""
        data = os.read(self.from_fd, 1 << 20)
        if not data:
            raise ServiceLost("the helper ended")
        self._buffer += data

    def receive(self, deadline: float) -> str:
        """Read one line."""
        poll = select.poll()
        poll.register(self.from_fd, select.POLLIN)
        while (line := self.take_line()) is None:
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise ServiceLost("the helper did not answer in time")
            self.fill()
        return line

    def close(self) -> None:
        """Kill the helper."""
        for fd in (self.to_fd, self.from_fd):
            with contextlib.suppress(OSError):
                os.close(fd)
        linux.kill(self.pid)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


class Services:
    """The helpers of one sandbox, started when first needed."""

    def __init__(self, specs: dict[str, Any], *, isolated: bool):
        self._specs = specs
        self._isolated = isolated
        self._running: dict[str, Service] = {}

    def ensure(self, name: str) -> Service:
        """The helper of this name, started if need be."""
        service = self._running.get(name)
        if service is not None:
            finished, _ = os.waitpid(service.pid, os.WNOHANG)
            if finished == 0:
                return service
            self.stop()
        spec = self._specs[name]
        service = self._running[name] = Service(spec["argv"], spec["env"], spec["work"])
        return service

    def running(self, name: str) -> Service:
        """The helper of this name (the warden started it before it forked this process)."""
        return self._running[name]

    def pids(self) -> frozenset[int]:
        """Processes that a sweep must spare."""
        return frozenset(service.pid for service in self._running.values())

    def stop(self) -> None:
        """End all helpers (they are started anew when needed)."""
        for service in self._running.values():
            service.close()
        self._running.clear()

    def relay(self, channel: int, header: dict[str, Any]) -> dict[str, Any]:
        """Pass the next frame to a helper and its answer back."""
        request = frames.receive(channel)
        service = self.running(header["service"])
        start = time.monotonic()
        try:
            service.send(json.dumps(request))
            answer = json.loads(service.receive(start + header["deadline"]))
        except ServiceLost as error:
            return {"service_lost": True, "infrastructure": str(error)}
        return {"answer": answer, "seconds": time.monotonic() - start}


__all__ = ["Service", "ServiceLost", "Services", "compartment"]
