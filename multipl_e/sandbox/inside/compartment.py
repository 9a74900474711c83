"""A fresh room for one program: its own processes, its own files, its own limits.

Inside the sandbox the warden still holds the capabilities of the sandbox's user namespace, so it
can give every program a pid, mount and ipc namespace of its own in about a millisecond. When the
first process of that pid namespace ends, the kernel kills all others; when the mount namespace
goes, so do its files.
"""

from __future__ import annotations

import contextlib
import os
import resource
from dataclasses import dataclass

from . import linux

_QUIET = linux.MS_NOSUID | linux.MS_NODEV


@dataclass(frozen=True)
class Limits:
    """What one program may use.

    Attributes:
        seconds: Wall time; the limit of CPU time follows from it.
        memory_mb: Address space in MiB, or None where a runtime reserves far more than it uses
            (the control group, where there is one, bounds what is really used).
        processes: Processes and threads.
        disk_mb: Size of each file system it may write to, and of any one file.
        output_mb: What it may print before it is stopped.
        open_files: File descriptors.
    """

    seconds: float = 15.0
    memory_mb: int | None = 1024
    processes: int = 64
    disk_mb: int = 64
    output_mb: int = 32
    open_files: int = 256


def private_files(limits: Limits) -> None:
    """Move to fresh mount and ipc namespaces, with empty places to write."""
    linux.unshare(linux.CLONE_NEWNS | linux.CLONE_NEWIPC)
    for place, mode in (("/work", "0755"), ("/tmp", "1777"), ("/dev/shm", "1777")):
        linux.mount(
            "tmpfs", place, "tmpfs", _QUIET, f"size={limits.disk_mb}m,nr_inodes=16k,mode={mode}"
        )


def private_processes() -> None:
    """Show the new pid namespace, and only it, under /proc. Called by its first process.

    /proc is read-only from here on, so the wish to be the first to go when memory runs out is
    written before.
    """
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    linux.mount("proc", "/proc", "proc", _QUIET | linux.MS_NOEXEC | linux.MS_RDONLY)


def confine(limits: Limits, *, isolated: bool) -> None:
    """The last step before foreign code runs: resource limits on, privileges gone."""
    megabyte = 1 << 20
    memory = None if limits.memory_mb is None else limits.memory_mb * megabyte
    linux.limit(resource.RLIMIT_AS, memory)
    linux.limit(resource.RLIMIT_CPU, int(limits.seconds) + 2)
    linux.limit(resource.RLIMIT_FSIZE, limits.disk_mb * megabyte)
    linux.limit(resource.RLIMIT_NOFILE, limits.open_files)
    linux.limit(resource.RLIMIT_CORE, 0)
    if isolated:
        # Counted per user: outside a namespace of our own it would count the person's desktop.
        linux.limit(resource.RLIMIT_NPROC, limits.processes)
    linux.drop_privileges()
    if isolated:
        linux.forbid_limits_on_others()


def kill_others(*, isolated: bool) -> None:
    """End every process below this one, however it tried to get away."""
    if isolated and os.getpid() == 1:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, 9)
        with contextlib.suppress(ChildProcessError):
            while True:  # orphans are this process's
                os.waitpid(-1, 0)
    else:
        for child in children():
            linux.kill(child)


def cpu_seconds() -> float:
    """CPU time of all that ran below this process and has ended (see `kill_others`)."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def sweep(kept: frozenset[int] = frozenset()) -> None:
    """Kill and reap all descendants but `kept`; returns when none is left."""
    while True:
        left = [pid for pid in children() if pid not in kept]
        if not left:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, 19)  # stopped first, so that a fork bomb cannot outrun the sweep
            linux.kill(pid)
        for pid in left:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def children() -> list[int]:
    """Direct children of this process; orphans among its descendants become such."""
    with open("/proc/thread-self/children") as file:
        return [int(pid) for pid in file.read().split()]
