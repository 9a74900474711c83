"""The engine that judges candidates: many at a time, each program once, none without a sandbox."""

from __future__ import annotations

import os
import types
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from multipl_e.errors import InfrastructureError, UserError
from multipl_e.executors.cache import VerdictCache, fingerprint
from multipl_e.executors.workers import Done, Job, Workers
from multipl_e.languages import get_language
from multipl_e.records import Candidate, Task, Verdict
from multipl_e.sandbox import Isolation, Limits, check_isolation

Item = tuple[Task, Candidate]

# Jobs under way per worker: enough to keep all busy, few enough to bound memory.
_WINDOW_PER_WORKER = 16
# Verdicts kept in memory, and what a program may have printed for that.
_REMEMBERED_VERDICTS = 16384
_REMEMBERED_OUTPUT = 4096


class Executor:
    """Judges candidates in parallel inside sandboxes.

    Use it as a context manager; sandboxes stay warm from call to call until it is closed.

    Args:
        workers: Programs at a time; by default one for each CPU this process may use.
        timeout: Wall seconds for a run (compiling has limits of its own).
        isolation: ``bubblewrap``, or ``none`` to run programs with resource limits only.
        cache: Folder of verdicts kept between calls and runs, if wanted.
        memory_mb: Memory of one program, in MiB.
        output_mb: What a program may print before it is stopped.
        retries: How often a failure of ours is tried again.
        remember: Keep verdicts in memory from call to call, as is done within one.

    Raises:
        UserError: there is no working sandbox, with the remedy.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        timeout: float = 15.0,
        isolation: Isolation = "bubblewrap",
        cache: Path | None = None,
        memory_mb: int = 1024,
        output_mb: int = 32,
        retries: int = 2,
        remember: bool = False,
    ):
        if workers is not None and workers < 1:
            raise UserError("the number of workers must be 1 or more")
        if timeout <= 0:
            raise UserError("the time limit must be above 0 seconds")
        if isolation not in ("bubblewrap", "none"):
            raise UserError(f"unknown isolation {isolation!r}: choose bubblewrap or none")
        self.num_workers = workers or len(os.sched_getaffinity(0))
        self.limits = Limits(seconds=timeout, memory_mb=memory_mb, output_mb=output_mb)
        self.isolation = isolation
        self.failures: list[str] = []
        self._retries = retries
        self._isolation_checked = False
        self._remembered: OrderedDict[str, Verdict] | None = OrderedDict() if remember else None
        self._workers: Workers | None = None
        self._cache = VerdictCache(cache) if cache is not None else None

    def __enter__(self) -> Executor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all sandboxes and whatever still runs in them."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None
        if self._cache is not None:
            self._cache.close()
            self._cache = None

    def judge(
        self,
        items: Sequence[Item],
        *,
        coverage: bool = False,
        on_done: Callable[[int], None] | None = None,
    ) -> list[Verdict | None]:
        """Verdicts in the order of `items`; None where one could not be had (see `failures`).

        Args:
            items: Tasks with candidates.
            coverage: Whether `Verdict.executed_lines` is wanted.
            on_done: Called with the number of candidates just judged.

        Raises:
            InfrastructureError: not a single candidate could be judged.
        """
        order = sorted(range(len(items)), key=lambda i: -get_language(items[i][0].language).cost)
        verdicts: list[Verdict | None] = [None] * len(items)
        num_judged = 0
        for position, verdict in self.stream((items[i] for i in order), coverage=coverage):
            verdicts[order[position]] = verdict
            num_judged += verdict is not None
            if on_done is not None:
                on_done(1)
        if items and not num_judged:
            raise InfrastructureError(self.failures[-1] if self.failures else "unknown reason")
        return verdicts

    def stream(
        self, items: Iterable[Item], *, coverage: bool = False
    ) -> Iterator[tuple[int, Verdict | None]]:
        """Judge any number of items in constant memory; yields (position, verdict) as they end.

        Leaving the iterator early is safe: what is under way is forgotten.
        """
        # Its own queue of results: a stream left early must not answer the next one's questions.
        # Started by the first program that nothing is known of.
        workers: Workers | None = None
        window = _WINDOW_PER_WORKER * self.num_workers
        waiting: dict[str, list[int]] = {}
        recent = OrderedDict() if self._remembered is None else self._remembered
        finished = False
        try:
            for position, (task, candidate) in enumerate(items):
                job = self._job(task, candidate, coverage)
                verdict = recent.get(job.key) or (self._cache and self._cache.get(job.key))
                if verdict:
                    yield position, verdict
                elif job.key in waiting:
                    waiting[job.key].append(position)
                else:
                    workers = workers or self._start()
                    waiting[job.key] = [position]
                    workers.submit(job)
                while workers and (len(waiting) >= window or not workers.results.empty()):
                    yield from self._finish(workers.results.get(), waiting, recent)
            while workers and waiting:
                yield from self._finish(workers.results.get(), waiting, recent)
            finished = True
        finally:
            if workers and not finished and waiting and self._workers is workers:
                workers.close()
                self._workers = None

    def _finish(
        self, done: Done, waiting: dict[str, list[int]], recent: OrderedDict[str, Verdict]
    ) -> Iterator[tuple[int, Verdict | None]]:
        if done.verdict is None:
            self.failures = [*self.failures[-99:], done.reason]
        else:
            verdict = done.verdict
            if done.certain and len(verdict.stdout + verdict.stderr) < _REMEMBERED_OUTPUT:
                recent[done.key] = verdict
                if len(recent) > _REMEMBERED_VERDICTS:
                    recent.popitem(last=False)
            if self._cache is not None and done.certain:
                self._cache.put(done.key, done.verdict)
        for position in waiting.pop(done.key, ()):
            yield position, done.verdict

    def _job(self, task: Task, candidate: Candidate, coverage: bool) -> Job:
        language = get_language(task.language)
        if language.toolchain is None:
            raise UserError(
                f"{language.title} programs cannot run here: install {language.package}"
                " (`python -m multipl_e.doctor` shows what is missing)"
            )
        program = language.assemble(task, candidate)
        limits = language.limits(self.limits)
        key = fingerprint(program, language.toolchain.version, limits, coverage=coverage)
        return Job(key, program, coverage)

    def _start(self) -> Workers:
        if self._workers is None:
            if not self._isolation_checked:
                check_isolation(self.isolation)
                self._isolation_checked = True
            self._workers = Workers(self.num_workers, self.limits, self.isolation, self._retries)
        return self._workers
