"""A second process that measures a round while the next round's reranker is trained.

On a CPU both are many small operations one after the other, which leave most of a second core idle.
So each takes half of the threads, and does so in every run: how a figure is rounded must not depend
on whether the run was interrupted.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import types
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch

from generator.model import silence_transformers
from loop.config import RunConfig
from loop.measuring import Measuring
from loop.store import Stage
from multipl_e.errors import UserError
from multipl_e.progress import console

# A method of `Measuring` with all its arguments but the first; it goes to the other process.
Job = partial[list[Stage]]


class Beside:
    """Does jobs of measuring, in a process of their own where that is faster.

    With a single thread, or on a GPU, which two processes would have to share, they are done in
    this process. Use it as a context manager: leaving it by an error ends the other process.

    Args:
        config: The run's configuration.
        root: The run directory.
        on_stage: Called with every stage that a job took, in this process.
    """

    def __init__(self, config: RunConfig, root: Path, on_stage: Callable[[Stage], None]) -> None:
        self.on_stage = on_stage
        self._waiting: list[Job] = []
        self._other = config.threads // 2
        self._own = config.threads - self._other
        self._pool: ProcessPoolExecutor | None = None
        self._measuring: Measuring | None = None
        if self._other and not torch.cuda.is_available():
            self._pool = ProcessPoolExecutor(
                1,
                multiprocessing.get_context("spawn"),
                initializer=_prepare,
                initargs=(config, root, self._other),
            )
        else:
            self._measuring = Measuring(config, root)

    def __enter__(self) -> Beside:
        if self._pool is not None:
            # It takes seconds to import what it needs.
            try:
                with _ctrl_c_put_off():
                    self._pool.submit(os.getpid)
            except KeyboardInterrupt:
                self._end()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        if self._pool is not None:
            if error is not None:
                self._end()
            self._pool.shutdown()

    def _end(self) -> None:
        """End the other process whatever it does."""
        for process in multiprocessing.active_children():
            process.kill()

    def later(self, method: Callable[..., list[Stage]], **arguments: Any) -> None:
        """Have a method of `Measuring` called the next time that there is room for it."""
        self._waiting.append(partial(method, **arguments))

    @contextmanager
    def working(self) -> Iterator[None]:
        """Do what waits while the block runs, which has the other half of the threads."""
        if self._pool is None:
            self.finish()
            yield
            return
        under_way = self._start()
        threads = torch.get_num_threads()
        torch.set_num_threads(self._own)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
        self._take(under_way)

    def finish(self) -> None:
        """Do what still waits."""
        self._take(self._start())

    def _start(self) -> list[Future[list[Stage]]]:
        jobs, self._waiting = self._waiting, []
        with _explained():
            return [self._submit(job) for job in jobs]

    def _submit(self, job: Job) -> Future[list[Stage]]:
        if self._pool is not None:
            return self._pool.submit(_do, job)
        assert self._measuring is not None
        done: Future[list[Stage]] = Future()
        done.set_result(job(self._measuring))
        return done

    def _take(self, under_way: Sequence[Future[list[Stage]]]) -> None:
        for future in under_way:
            with _explained():
                stages = future.result()
            for stage in stages:
                self.on_stage(stage)


@contextmanager
def _ctrl_c_put_off() -> Iterator[None]:
    """Answer ctrl-C after the block; a process that is started in it never hears of one.

    The mask is what such a process inherits. It does not keep the signal from our other threads,
    which hand it to this one: half a process would be left, so it is only noted until the end.
    """
    noted: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, frame: noted.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
    if noted:
        raise KeyboardInterrupt


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool:
        raise UserError(
            "the process that measures rounds was killed, perhaps for want of memory; repeat the "
            "command when there is more, and it goes on from here"
        ) from None


# ------------------------------------------------------------------------- in the other process

_measuring: Measuring


def _prepare(config: RunConfig, root: Path, num_threads: int) -> None:
    global _measuring
    # However the run ends: nobody may write in a directory that it may be resumed in.
    threading.Thread(target=_end_with_the_run, daemon=True).start()
    torch.set_num_threads(num_threads)
    silence_transformers()
    console.quiet = True
    _measuring = Measuring(config, root)


def _end_with_the_run() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _do(job: Job) -> list[Stage]:
    return job(_measuring)
