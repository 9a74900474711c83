"""What tests call to run a program that reads standard input and prints its answer.

The judge offers it to tests under the name `run_with_stdin`. It runs in the candidate's process,
which never sees the output that is expected: only the text printed goes back.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable


def run_with_stdin(program: Callable[[], object], text: str) -> str:
    """What `program` prints when standard input holds `text`.

    Descriptors are replaced, not only `sys.stdin`, so that ``open(0)`` and child processes see the
    same. ``sys.exit()`` ends the program as it would end a script; threads are waited for.
    """
    saved_in, saved_out = os.dup(0), os.dup(1)
    objects = sys.stdin, sys.stdout
    given, printed = os.memfd_create("stdin"), os.memfd_create("stdout")
    try:
        sys.stdout.flush()
        with os.fdopen(os.dup(given), "wb") as file:
            file.write(text.encode())
        os.lseek(given, 0, os.SEEK_SET)
        os.dup2(given, 0)
        os.dup2(printed, 1)
        sys.stdin = os.fdopen(0, closefd=False)
        sys.stdout = os.fdopen(1, "w", closefd=False, errors="backslashreplace")
        with contextlib.suppress(SystemExit):
            program()
        _join_threads()
        sys.stdout.flush()
        os.lseek(printed, 0, os.SEEK_SET)
        with os.fdopen(os.dup(printed), "rb") as file:
            return file.read().decode(errors="backslashreplace")
    finally:
        os.dup2(saved_in, 0)
        os.dup2(saved_out, 1)
        sys.stdin, sys.stdout = objects
        for fd in (saved_in, saved_out, given, printed):
            os.close(fd)


def _join_threads() -> None:
    threading = sys.modules.get("threading")
    if threading is None:
        return
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
