"""Threads that each drive sandboxes, fed from one queue."""

from __future__ import annotations

import contextlib
import itertools
import queue
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

from multipl_e.errors import InfrastructureError
from multipl_e.languages import Program, get_language
from multipl_e.languages.base import Room
from multipl_e.languages.coverage import whole_statements
from multipl_e.records import Verdict
from multipl_e.sandbox import Isolation, Limits, Sandbox, SandboxSpec

MAX_SANDBOXES_PER_WORKER = 4
# Of its time limit; a program that had this much of a CPU was not kept from ending.
_BUSY_SHARE = 0.5


@dataclass(frozen=True)
class Job:
    """One program to run, and the key that its verdict goes by."""

    key: str
    program: Program
    coverage: bool


@dataclass(frozen=True)
class Done:
    """A finished job: a verdict, or the reason why there is none.

    Attributes:
        key: The job's.
        verdict: What was found.
        reason: Why there is no verdict.
        certain: Whether another run could hardly find anything else. A program that ran out of
            time without having had much of a CPU may have been kept from it by the machine.
    """

    key: str
    verdict: Verdict | None
    reason: str = ""
    certain: bool = True


class Workers:
    """`num_workers` threads, each with a few sandboxes kept warm between jobs."""

    def __init__(self, num_workers: int, limits: Limits, isolation: Isolation, retries: int):
        self.limits = limits
        self.isolation = isolation
        self.retries = retries
        self.results: queue.SimpleQueue[Done] = queue.SimpleQueue()
        # Of what waits, the longest first; what costs the same, in the order in which it came.
        self._jobs: queue.PriorityQueue[tuple[float, int, Job | None]] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._stop = threading.Event()
        self._sandboxes: set[Sandbox] = set()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"judge-{n}", daemon=True)
            for n in range(num_workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job) -> None:
        """Have a job done; its `Done` comes through `results`."""
        self._put(-get_language(job.program.language).cost, job)

    def close(self) -> None:
        """Drop what is queued, kill what runs, end the threads."""
        self._stop.set()
        with contextlib.suppress(queue.Empty):
            while True:
                self._jobs.get_nowait()
        for _ in self._threads:
            self._put(0.0, None)
        with self._lock:
            running = list(self._sandboxes)
        for sandbox in running:
            sandbox.interrupt()
        for thread in self._threads:
            thread.join()

    def _put(self, priority: float, job: Job | None) -> None:
        self._jobs.put((priority, next(self._numbers), job))

    def _work(self) -> None:
        warm: OrderedDict[SandboxSpec, Sandbox] = OrderedDict()
        try:
            while (job := self._jobs.get()[2]) is not None:
                self.results.put(self._judge(job, warm))
        finally:
            for sandbox in warm.values():
                self._close(sandbox)

    def _judge(self, job: Job, warm: OrderedDict[SandboxSpec, Sandbox]) -> Done:
        language = get_language(job.program.language)
        limits = language.limits(self.limits)
        reason = ""
        for _ in range(self.retries + 1):
            if self._stop.is_set():
                return Done(job.key, None, "interrupted")
            spec = language.sandbox()
            try:
                sandbox = self._open(spec, warm)
                room = Room(
                    work=sandbox.work,
                    secret=secrets.token_hex(16),
                    limits=limits,
                    coverage=job.coverage,
                    isolated=sandbox.isolated,
                )
                verdict = language.judge(sandbox, job.program, room)
                if not sandbox.healthy:
                    self._close(warm.pop(spec))
                busy = sandbox.cpu_seconds >= _BUSY_SHARE * limits.seconds
                certain = busy or verdict.status != "Timeout"
                return Done(job.key, _own_lines(verdict, job.program), certain=certain)
            except InfrastructureError as error:
                reason = str(error)
            except Exception as error:  # ours too: a bug must not pass for the program's failure
                reason = f"{type(error).__name__}: {error}"
            broken = warm.pop(spec, None)
            if broken is not None:
                self._close(broken)
        return Done(job.key, None, reason)

    def _open(self, spec: SandboxSpec, warm: OrderedDict[SandboxSpec, Sandbox]) -> Sandbox:
        sandbox = warm.get(spec)
        if sandbox is None:
            if len(warm) >= MAX_SANDBOXES_PER_WORKER:
                self._close(warm.popitem(last=False)[1])
            sandbox = Sandbox(
                spec, isolation=self.isolation, memory_mb=self.limits.memory_mb or 4096
            )
            with self._lock:
                self._sandboxes.add(sandbox)
            warm[spec] = sandbox
            if self._stop.is_set():  # `close` may not have seen it: nothing may start in it now
                raise InfrastructureError("interrupted")
        warm.move_to_end(spec)
        return sandbox

    def _close(self, sandbox: Sandbox) -> None:
        with self._lock:
            self._sandboxes.discard(sandbox)
        sandbox.close()


def _own_lines(verdict: Verdict, program: Program) -> Verdict:
    if verdict.executed_lines is None:
        return verdict
    lines = whole_statements(program.code, program.language, verdict.executed_lines)
    return replace(verdict, executed_lines=lines)
