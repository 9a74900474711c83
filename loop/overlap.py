"""Doing the next piece of work while the last one is being used."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

import torch

T = TypeVar("T")

_END = object()


def use_threads(number: int) -> None:
    """Have torch compute with so many threads, and let each of them know.

    Threads that help with an operation take the number that is set when they first look, for good,
    and some operations round by it. So they look at once: what a process computes must not depend
    on what it did before (a run that was interrupted goes on in another process).
    """
    torch.set_num_threads(number)
    torch.ones(2000, 512).sum(1)  # an operation in which they look


def in_background(items: Iterable[T], ahead: int) -> Iterator[T]:
    """Iterate over `items` in another thread, at most `ahead` of them before they are asked for.

    That thread computes with half of torch's threads. An error of `items` is raised here. Leaving
    the iterator early ends the thread.
    """
    produced: queue.Queue[object] = queue.Queue(ahead)
    left = threading.Event()
    own_threads = torch.get_num_threads()
    # The other half is for whoever uses the items: threads that wait for a busy core hold up all.
    num_threads = max(1, own_threads // 2)

    def put(item: object) -> bool:
        while not left.is_set():
            try:
                produced.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def produce() -> None:
        torch.set_num_threads(num_threads)
        try:
            for item in items:
                if not put(item):
                    return
            put(_END)
        except BaseException as error:
            put(_Failure(error))

    worker = threading.Thread(target=produce, name="in-background", daemon=True)
    worker.start()
    try:
        while (item := produced.get()) is not _END:
            if isinstance(item, _Failure):
                raise item.error
            yield item  # type: ignore[misc]
    finally:
        left.set()
        worker.join()
        # Threads that help with an operation take the number that was set last, in whatever thread,
        # and round by it: what comes next must not depend on what ran here before.
        torch.set_num_threads(own_threads)


class _Failure:
    def __init__(self, error: BaseException):
        self.error = error
