"""Progress: a rich bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

console = Console(stderr=True, highlight=False, soft_wrap=True)

PLAIN_LINE_EVERY_SECONDS = 10.0

Advance = Callable[[int], None]


@contextmanager
def progress(description: str, total: int | None) -> Iterator[Advance]:
    """Show how far a piece of work is; yields ``advance(steps)``.

    On a terminal a bar with the time left; in a log one line every ten seconds, so that a file
    of a long run stays readable. Nothing if the console is quiet.
    """
    if console.quiet:
        yield lambda steps: None
        return
    if console.is_terminal:
        with Progress(
            TextColumn("{task.description:<28}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        ) as bar:
            row = bar.add_task(description, total=total)

            def advance_bar(steps: int = 1) -> None:
                bar.advance(row, steps)

            yield advance_bar
        return
    done, start = 0, time.monotonic()
    last = start

    def advance(steps: int = 1) -> None:
        nonlocal done, last
        done += steps
        now = time.monotonic()
        if now - last >= PLAIN_LINE_EVERY_SECONDS:
            last = now
            left = f", {(now - start) * (total - done) / done:.0f} s left" if total and done else ""
            print(f"{description}: {done}/{total or '?'}{left}", file=sys.stderr, flush=True)

    yield advance


def say(message: str) -> None:
    """Print one line for the person who watches (standard error; results go elsewhere)."""
    console.print(message, markup=False)
