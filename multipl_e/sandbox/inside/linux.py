"""The few system calls that Python's standard library lacks, through ctypes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import struct

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID = 0x00020000, 0x08000000, 0x20000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = (
    1, 2, 4, 8, 4096, 16384, 1 << 18,
)  # fmt: skip
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_CHILD_SUBREAPER = 1, 4, 38, 36
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2

# By machine: what seccomp calls its system calls, and the number of prlimit64 among them.
_PRLIMIT = {"x86_64": (0xC000003E, 302), "aarch64": (0xC00000B7, 261)}

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = (
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_ulong,
    ctypes.c_char_p,
)
_NO_CAPABILITIES = (ctypes.c_uint32 * 6)()


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags` for fresh ones."""
    _check(_libc.unshare(flags), "unshare")


def fork_first_process() -> int:
    """``os.fork``, with the child as the first process of a pid namespace of its own."""
    # Opened before: the child may put another /proc in the place of this one.
    own = os.open("/proc/self/ns/pid", os.O_RDONLY)
    pid = -1
    try:
        unshare(CLONE_NEWPID)  # holds for children only
        pid = os.fork()
    finally:
        if pid != 0:
            _check(_libc.setns(own, CLONE_NEWPID), "setns")
        os.close(own)
    return pid


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """mount(2)."""
    _check(
        _libc.mount(source.encode(), target.encode(), kind.encode(), flags, options.encode()),
        f"mount {kind or source} on {target}",
    )


def set_dumpable(on: bool) -> None:
    """Whether processes of the same user may look into this one's memory."""
    _check(_libc.prctl(PR_SET_DUMPABLE, int(on), 0, 0, 0), "prctl(dumpable)")


def become_subreaper() -> None:
    """Orphans among the descendants become children of this process."""
    _check(_libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl(subreaper)")


def die_with_parent() -> None:
    """Get SIGKILL when the parent ends."""
    _check(_libc.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0), "prctl(pdeathsig)")


def drop_privileges() -> None:
    """Give up every capability for good (exec cannot bring them back)."""
    _check(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(no_new_privs)")
    _libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _check(_libc.capset(header, _NO_CAPABILITIES), "capset")


def forbid_limits_on_others() -> None:
    """No prlimit(2) on any process but the caller, for good.

    All in a sandbox are one user, so a program could else set the limits of those that judge it.
    Needs `drop_privileges` before; does nothing on machines whose numbers are not known here.
    """
    if (known := _PRLIMIT.get(os.uname().machine)) is None:
        return
    architecture, number = known
    # Classic BPF (linux/filter.h): operation, where to go if true and if false, operand.
    load, equal, above, give = 0x20, 0x15, 0x35, 0x06  # LD|W|ABS, JMP|JEQ, JMP|JGE, RET
    program = (
        (load, 0, 0, 4),  # the architecture: another one's calls have other numbers
        (equal, 0, 6, architecture),
        (load, 0, 0, 0),  # the number of the call
        (above, 4, 0, 0x40000000),  # x32's
        (equal, 0, 2, number),
        (load, 0, 0, 16),  # its first argument, the process; 0 is the caller
        (equal, 0, 1, 0),
        (give, 0, 0, 0x7FFF0000),  # allow
        (give, 0, 0, 0x00050001),  # EPERM
    )
    code = b"".join(struct.pack("=HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    filter_ = struct.pack("@HP", len(program), ctypes.addressof(buffer))
    _check(_libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter_, 0, 0), "prctl(seccomp)")


def limit(which: int, value: int | None) -> None:
    """Set a resource limit, hard and soft, never above the present hard one."""
    if value is None:
        return
    _, hard = resource.getrlimit(which)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


def close_all_but(*kept: int) -> None:
    """Close every descriptor above 2 that is not in `kept`."""
    low = 3
    for fd in (*sorted(k for k in kept if k > 2), 1 << 20):
        if fd > low:
            os.closerange(low, min(fd, 1 << 20)) if fd < 1 << 20 else _close_from(low)
        low = fd + 1


def _close_from(low: int) -> None:
    if not hasattr(_libc, "close_range") or _libc.close_range(low, ~0 & 0xFFFFFFFF, 0) != 0:
        os.closerange(low, 4096)


def kill(pid: int) -> None:
    """SIGKILL, whether the process is still there or not."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, 9)
