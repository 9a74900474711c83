"""Starts bubblewrap: joins the control groups, gives up root, then becomes bubblewrap.

Run as a program of its own (``python -I -S launcher.py JSON``), because joining a control group,
changing the user and mounting must not happen in the process that judges.

As root, the sandbox runs as an ordinary user (`uid` in the settings): the kernel exempts root
from the limit on processes, and root owns too much of /proc and /sys. That user may not be able
to reach a toolchain (a Python under /root), so its paths are first bound to a place it can reach,
in a mount namespace that only this process sees.
"""

import contextlib
import ctypes
import json
import os
import sys

CLONE_NEWNS = 0x00020000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
STAGES = ("/mnt", "/media", "/srv", "/opt")


def main() -> None:
    """Become bubblewrap."""
    settings = json.loads(sys.argv[1])
    for path in settings["cgroup_procs"]:
        with contextlib.suppress(OSError), open(path, "w") as file:
            file.write(str(os.getpid()))
    binds = settings["binds"]
    if settings["uid"] is not None:
        with contextlib.suppress(OSError):  # bubblewrap will say what it cannot reach
            binds = stage(binds)
        os.setgroups([])
        os.setresgid(settings["uid"], settings["uid"], settings["uid"])
        os.setresuid(settings["uid"], settings["uid"], settings["uid"])
    argv = list(settings["before"])
    for source, target in binds:
        argv += ["--ro-bind", source, target]
    argv += settings["after"]
    os.chdir("/")
    os.execve(argv[0], argv, {"PATH": "/usr/bin:/bin"})


def stage(binds: list[list[str]]) -> list[list[str]]:
    """Bind every source under a fresh file system that anyone may walk."""
    libc = ctypes.CDLL(None, use_errno=True)

    def call(result: int) -> None:
        if result != 0:
            raise OSError(ctypes.get_errno(), "cannot stage")

    def mount(
        source: str, target: str, kind: bytes | None, flags: int, options: bytes | None = None
    ) -> None:
        call(libc.mount(source.encode(), target.encode(), kind, ctypes.c_ulong(flags), options))

    call(libc.unshare(CLONE_NEWNS))
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    # Open first: the stage may hide a source.
    fds = [os.open(source, os.O_PATH) for source, _ in binds]
    place = next(p for p in STAGES if os.path.isdir(p))
    mount("tmpfs", place, b"tmpfs", 0, b"size=1m,mode=0755")
    staged = []
    for number, (fd, (_, target)) in enumerate(zip(fds, binds, strict=True)):
        path = f"{place}/{number}"
        if os.path.isdir(f"/proc/self/fd/{fd}"):
            os.mkdir(path)
        else:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
        mount(f"/proc/self/fd/{fd}", path, None, MS_BIND | MS_REC)
        os.close(fd)
        staged.append([path, target])
    return staged


if __name__ == "__main__":
    main()
