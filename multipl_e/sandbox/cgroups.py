"""Control groups (version 2 or 1) around a sandbox, where this user may make them."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_numbers = itertools.count()


class ControlGroup:
    """Limits on memory (swap included), processes and CPU of everything in one sandbox."""

    def __init__(self, folders: dict[str, Path]):
        self._folders = folders

    @classmethod
    def create(cls, *, memory_mb: int, processes: int, cpus: float) -> ControlGroup:
        """A fresh group; controllers that this user may not use are left out."""
        name = f"multipl-e-{os.getpid()}-{next(_numbers)}"
        folders: dict[str, Path] = {}
        for controller, parent in _parents().items():
            folder = parent / name
            try:
                folder.mkdir()
                _limit(folder, controller, memory_mb, processes, cpus)
                folders[controller] = folder
            except OSError:
                with contextlib.suppress(OSError):
                    folder.rmdir()
        return cls(folders)

    @property
    def controllers(self) -> tuple[str, ...]:
        """What is limited by control groups (the rest by resource limits alone)."""
        if "unified" in self._folders:
            return ("cpu", "memory", "pids")
        return tuple(sorted(self._folders))

    def procs_files(self) -> list[str]:
        """Files into which a process writes its number to join."""
        return [str(f / "cgroup.procs") for f in self._folders.values()]

    def num_oom_kills(self) -> int:
        """How many processes the kernel has killed in here for want of memory."""
        for controller, name in (("unified", "memory.events"), ("memory", "memory.oom_control")):
            if controller in self._folders:
                with contextlib.suppress(OSError):
                    for line in (self._folders[controller] / name).read_text().splitlines():
                        if line.startswith("oom_kill "):
                            return int(line.split()[1])
        return 0

    def close(self) -> None:
        """Remove the group (its processes are gone or going)."""
        for folder in self._folders.values():
            for _ in range(100):
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.02)
        self._folders = {}


def _limit(folder: Path, controller: str, memory_mb: int, processes: int, cpus: float) -> None:
    memory = str(memory_mb << 20)
    if controller == "unified":
        (folder / "memory.max").write_text(memory)
        with contextlib.suppress(OSError):
            (folder / "memory.swap.max").write_text("0")
        (folder / "pids.max").write_text(str(processes))
        with contextlib.suppress(OSError):
            (folder / "cpu.max").write_text(f"{int(cpus * 100_000)} 100000")
    elif controller == "memory":
        (folder / "memory.limit_in_bytes").write_text(memory)
        with contextlib.suppress(OSError):  # absent where swap is not accounted
            (folder / "memory.memsw.limit_in_bytes").write_text(memory)
    elif controller == "pids":
        (folder / "pids.max").write_text(str(processes))
    elif controller == "cpu":
        (folder / "cpu.cfs_quota_us").write_text(str(int(cpus * 100_000)))


def _parents() -> dict[str, Path]:
    """Folder of each controller in which a group may be made."""
    parents: dict[str, Path] = {}
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return parents
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            if controller in ("memory", "pids", "cpu"):
                folder = _ROOT / controller / path.lstrip("/")
                if os.access(folder, os.W_OK):
                    parents[controller] = folder
        if not controllers and not parents:
            own = _ROOT / path.lstrip("/")
            # A group that holds processes cannot have limited children; its parent can.
            for folder in (own, own.parent) if own != _ROOT else (own,):
                with contextlib.suppress(OSError):
                    enabled = (folder / "cgroup.subtree_control").read_text().split()
                    if {"memory", "pids"} <= set(enabled) and os.access(folder, os.W_OK):
                        return {"unified": folder}
    return parents
