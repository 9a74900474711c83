"""Judging across processes in other languages: a warm judge asks, a fresh candidate answers.

The judge is a service that never runs a candidate; the candidate is a program that never sees the
tests. This process passes lines between them. A line from the judge that begins with ``>`` goes to
the candidate; ``=`` begins the outcome. A line from the candidate reaches the judge with ``<`` in
front; ``!`` tells the judge that the candidate is gone. Where a judge can parse, it is asked first:
what is no program is not started, and the judge hears what it would have said.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from typing import Any

from . import compartment, frames
from .compartment import Limits
from .programs import Program, environment, in_compartment, write_files
from .services import Service, ServiceLost, Services

_MAX_LINE = 64 << 20
_JUDGE_SECONDS = 2.0
_EXIT_SECONDS = 0.5


def judge_split(channel: int, header: dict[str, Any], services: Services) -> dict[str, Any]:
    """Judge one candidate with the service that the header names."""
    limits = Limits(**header["limits"])
    body = frames.receive(channel)
    service = services.running(header["service"])
    isolated = header["isolated"]
    if body.get("check"):
        refused = _refused(channel, service, body["check"], limits)
        if refused is not None:
            return refused

    def act() -> dict[str, Any]:
        write_files(body["work"], body["files"])
        program = Program(
            body["argv"],
            cwd=body["work"],
            env={**environment(), **body["env"]},
            limits=limits,
            isolated=isolated,
            channel=True,
        )
        # Only now: the process that the candidate is forked from never held the tests.
        tests = frames.receive(channel)
        report = _Relay(program, service, collects=bool(body["collect"])).run(tests)
        compartment.kill_others(isolated=isolated)
        collected = {}
        for name in body["collect"]:
            collected[name] = _read_all(os.path.join(body["work"], name))
        return {**report, "cpu_seconds": compartment.cpu_seconds(), "collected": collected}

    return in_compartment(limits, isolated, act, body["work"])


_UNSTARTED = {
    "name": "run", "exit_code": 1, "seconds": 0.0, "cpu_seconds": 0.0, "stdout": "", "stderr": "",
    "timed_out": False, "output_limit": False, "outcome": None, "gone": False,
    "service_lost": False, "collected": {},
}  # fmt: skip


def _refused(channel: int, service: Service, code: str, limits: Limits) -> dict[str, Any] | None:
    """The report of a candidate that cannot even be started; None if it can."""
    try:
        said = _ask(service, {"check": code}, limits.seconds)
    except ServiceLost:
        frames.receive(channel)  # the tests: after them comes the next job
        return {**_UNSTARTED, "service_lost": True}
    if said is None:
        return None
    tests = frames.receive(channel)
    try:
        service.send(json.dumps(tests))
        return {**_UNSTARTED, "outcome": _ask(service, said, _JUDGE_SECONDS, "<")}
    except ServiceLost:
        return {**_UNSTARTED, "service_lost": True}


def _ask(service: Service, message: Any, seconds: float, mark: str = "") -> Any:
    service.send(mark + json.dumps(message))
    deadline = time.monotonic() + seconds
    while not (line := service.receive(deadline)).startswith("="):
        pass
    return json.loads(line[1:])


class _Relay:
    def __init__(self, program: Program, service: Service, *, collects: bool):
        self.program = program
        self.service = service
        self.collects = collects
        self.answers = bytearray()
        os.set_blocking(program.request_fd, False)
        self.requests = bytearray()
        self.gone = False

    def run(self, tests: Any) -> dict[str, Any]:
        """Pass lines to and fro until the judge has an outcome."""
        outcome = None
        lost = False
        try:
            self.service.send(json.dumps(tests))
            outcome = self._converse()
        except ServiceLost:
            lost = True
        if outcome is None and not lost and not self.gone:
            try:  # a limit was broken: let the judge put the task down
                self.service.send("!")
                line = self.service.receive(time.monotonic() + _JUDGE_SECONDS)
                while not line.startswith("="):
                    line = self.service.receive(time.monotonic() + _JUDGE_SECONDS)
            except ServiceLost:
                lost = True
        program = self.program
        if outcome is not None and not self.gone:
            self._dismiss()
        elif self.gone:
            # Its pipe is closed before it has ended: its exit code tells what it was.
            self._await_exit()
        elif self.collects:
            # Out of time: what it holds (coverage) it may still write.
            os.kill(program.pid, signal.SIGTERM)
            self._await_exit()
        exit_code = program.end()
        return {
            **program.report("run", exit_code),
            "outcome": outcome,
            "gone": self.gone,
            "service_lost": lost,
        }

    def _converse(self) -> Any:
        program, service = self.program, self.service
        while True:
            line = service.take_line()
            if line is not None:
                if line.startswith("="):
                    return json.loads(line[1:])
                self.requests += line[1:].encode("utf-8", "surrogatepass") + b"\n"
                self._flush()
                continue
            ready = program.poll(service.from_fd, *([] if self.gone else [program.answer_fd]))
            if ready is None:
                return None
            if service.from_fd in ready:
                service.fill()
            if self.requests:
                self._flush()
            if not self.gone and program.answer_fd in ready:
                data = os.read(program.answer_fd, 1 << 20)
                self.answers += data
                if len(self.answers) > _MAX_LINE:
                    program.output_limit = True
                    return None
                self._forward()
                if not data:
                    self._say_gone()
            elif not self.gone and program.pidfd in ready:
                self._say_gone()

    def _say_gone(self) -> None:
        self.gone = self.program.unwatched = True
        self.service.send("!")

    def _forward(self) -> None:
        while (end := self.answers.find(b"\n")) >= 0:
            self.service.send("<" + bytes(self.answers[:end]).decode("utf-8", "replace"))
            del self.answers[: end + 1]

    def _await_exit(self) -> None:
        poll = select.poll()
        poll.register(self.program.pidfd, select.POLLIN)
        poll.poll(_EXIT_SECONDS * 1000)

    def _flush(self) -> None:
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            while self.requests:
                del self.requests[: os.write(self.program.request_fd, self.requests)]

    def _dismiss(self) -> None:
        """Let the candidate write out what it holds (coverage, output), then end."""
        program = self.program
        program.deadline = min(program.deadline, time.monotonic() + 1.0)
        self.requests += b'{"op":"finish"}\n'
        self._flush()
        while True:
            ready = program.poll()
            if ready is None or program.pidfd in ready:
                break
        while program.stdout.open or program.stderr.open:
            program.deadline = time.monotonic() + 0.02
            if program.poll() in (None, {program.pidfd}):
                break
        program.timed_out = False


def _read_all(path: str) -> str:
    """Text of a file, or of all the files in a folder, one after another."""
    parts = []
    paths = sorted(e.path for e in os.scandir(path)) if os.path.isdir(path) else [path]
    for name in paths:
        with contextlib.suppress(OSError):
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(fd, "rb") as file:
                parts.append(file.read(8 << 20).decode("utf-8", "replace"))
    return "\n".join(parts)
