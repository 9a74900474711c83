"""What every command line of the project shares.

A command is a frozen dataclass of options and a function of it. Options come from a preset, from
``--config FILE.yaml``, from environment variables where a command reads them, and from the command
line (`multipl_e.options`); a user's mistake becomes
one sentence and exit code 2, ctrl-C exit code 130, SIGTERM 143, and neither shows a traceback.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn, TypeVar

from multipl_e.errors import InfrastructureError, UserError
from multipl_e.options import OptionParser

Config = TypeVar("Config")

EXIT_OK, EXIT_FAILURE, EXIT_USAGE, EXIT_INTERRUPTED, EXIT_TERMINATED = 0, 1, 2, 130, 143

# Errors of the machine that a person can mend, with the remedy.
_OS_REMEDIES = {
    errno.ENOSPC: "the disk is full; free some space and run the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
    errno.EACCES: "permission denied; choose a path you may write to",
    errno.EPERM: "permission denied; choose a path you may write to",
    errno.EROFS: "the file system is read-only; choose another path",
    errno.ENOENT: "there is no such file or folder",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EISDIR: "this is a folder, and a file was expected",
    errno.EEXIST: "this is a file, and a folder was expected",
    errno.EADDRINUSE: "the port is in use; choose another",
}


class Terminated(KeyboardInterrupt):
    """SIGTERM: unwinds like ctrl-C, so that what is open is closed and what is done is kept."""


def run_command(
    config_class: type[Config],
    main: Callable[[Config], None],
    *,
    prog: str,
    description: str,
    argv: Sequence[str] | None = None,
    positional: Sequence[str] = (),
    preset_dir: Path | None = None,
    default_preset: str | None = None,
    env_prefix: str | None = None,
) -> NoReturn:
    """Parse the command line into `config_class`, run `main`, exit with the right code.

    Exit codes: 0 success, 1 failure, 2 bad usage or input, 130 ctrl-C, 143 SIGTERM.

    Args:
        config_class: A dataclass; its docstring's "Attributes:" are the help of its options.
        main: What the command does.
        prog: The command as a person types it (``python -m loop.iterate``).
        description: What it does, for ``--help``; an example belongs here.
        argv: The command line; the process's own if None.
        positional: Fields that may be given without their name, in this order.
        preset_dir: Folder of ``NAME.yaml`` files for ``--preset NAME``, applied under ``--config``.
        default_preset: The preset that is taken when none is named.
        env_prefix: Beginning of the environment variables that set options too
            (``RERANK_`` makes RERANK_PORT the same as --port); none are read without it.
    """

    def work() -> None:
        main(
            instantiate(
                config_class,
                sys.argv[1:] if argv is None else argv,
                prog=prog,
                description=description,
                positional=positional,
                preset_dir=preset_dir,
                default_preset=default_preset,
                env_prefix=env_prefix,
            )
        )

    _terminate_like_interrupt()
    sys.exit(guarded(work, prog))


def instantiate(
    config_class: type[Config],
    argv: Sequence[str],
    *,
    prog: str = "",
    description: str = "",
    positional: Sequence[str] = (),
    preset_dir: Path | None = None,
    default_preset: str | None = None,
    env_prefix: str | None = None,
) -> Config:
    """The typed configuration that a command line, its files and its preset add up to.

    Raises:
        UserError: an unknown key, a wrong type, a missing option or a missing file.
    """
    parser = OptionParser(
        config_class,
        prog=prog,
        description=description,
        positional=positional,
        preset_dir=preset_dir,
        default_preset=default_preset,
        env_prefix=env_prefix,
    )
    return config_class(**parser.parse(argv))


def guarded(work: Callable[[], object], prog: str) -> int:
    """Run `work`; translate mistakes and failures into a sentence and an exit code."""
    try:
        work()
        sys.stdout.flush()
        return EXIT_OK
    except UserError as error:
        sys.stderr.write(f"{prog}: {error}\n")
        return EXIT_USAGE
    except InfrastructureError as error:
        sys.stderr.write(f"{prog}: could not judge programs: {error}\n")
        return EXIT_FAILURE
    except KeyboardInterrupt as error:
        terminated = isinstance(error, Terminated)
        word = "terminated" if terminated else "interrupted"
        sys.stderr.write(f"\n{prog}: {word}; finished work is kept\n")
        return EXIT_TERMINATED if terminated else EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`| head`): not a mistake of anyone.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return EXIT_OK
    except Exception as error:
        number = _errno_of(error)
        if number not in _OS_REMEDIES:
            raise
        name = getattr(error, "filename", None)
        sys.stderr.write(f"{prog}: {f'{name}: ' if name else ''}{_OS_REMEDIES[number]}\n")
        return EXIT_USAGE


def _errno_of(error: Exception) -> int | None:
    """The system's number of an error; safetensors and tokenizers only write it in their text."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    found = re.search(r"\(os error (\d+)\)", str(error))
    return int(found[1]) if found else None


def _terminate_like_interrupt() -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    command = os.getpid()

    def terminate(number: int, frame: FrameType | None) -> None:
        if os.getpid() != command:
            # A forked child has nothing to keep: it ends as it would have without us.
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)
            return
        raise Terminated

    signal.signal(signal.SIGTERM, terminate)
