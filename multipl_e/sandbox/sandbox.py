"""One sandbox: bubblewrap around a warden that runs one program after another.

The sandbox has namespaces of its own for users, processes, network, ipc, host name and control
groups, an unprivileged user inside, read-only toolchains, small file systems in memory to write
to, and a clean environment. The warden (see `inside/`) gives every program a further pid, mount
and ipc namespace inside, which vanish with all their processes and files when it is judged.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from multipl_e.errors import InfrastructureError, UserError
from multipl_e.sandbox.cgroups import ControlGroup
from multipl_e.sandbox.inside import frames

Isolation = Literal["bubblewrap", "none"]

HERE = Path(__file__).resolve().parent
UID_OUTSIDE = 64999  # what root becomes; belongs to nobody
UID_INSIDE = 1000
START_SECONDS = 60.0
# Processes of all kinds that one sandbox may hold, the warden and its helpers included.
EXTRA_PROCESSES = 160
EXTRA_MEMORY_MB = 320

_SYSTEM_LINKS = ("/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32")
_SYSTEM_FILES = ("/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d")
_DEVICES = ("null", "zero", "full", "random", "urandom")


@dataclass(frozen=True)
class ServiceSpec:
    """A helper that stays warm inside a sandbox (see `inside/services.py`).

    Attributes:
        argv: Its command, with paths as they are inside (``/judge`` holds `files`).
        env: Environment beyond the sandbox's own.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class SandboxSpec:
    """What a language needs inside.

    Attributes:
        read_only: Host paths that its toolchain needs beyond /usr, seen at the same place inside.
        env: Environment variables.
        services: Warm helpers by name.
        extra_memory_mb: Memory of the helpers, beyond what a program may use.
        mounts: Further host paths by the place they have inside, read-only.
    """

    read_only: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, hash=False)
    services: Mapping[str, ServiceSpec] = field(default_factory=dict, hash=False)
    extra_memory_mb: int = 0
    mounts: Mapping[str, str] = field(default_factory=dict, hash=False)


class Sandbox:
    """A running sandbox. Not thread-safe: one thread drives it."""

    def __init__(
        self,
        spec: SandboxSpec,
        *,
        isolation: Isolation = "bubblewrap",
        memory_mb: int = 1024,
        cpus: float = 2.0,
    ):
        self.isolated = isolation == "bubblewrap"
        self.cgroup = ControlGroup.create(
            memory_mb=memory_mb + EXTRA_MEMORY_MB + spec.extra_memory_mb,
            processes=EXTRA_PROCESSES,
            cpus=cpus,
        )
        self.healthy = True
        self.cpu_seconds = 0.0  # of the last program
        self._folder: str | None = None
        self.work = "/work"
        self.judge_path = "/judge"
        if not self.isolated:
            self._folder = tempfile.mkdtemp(prefix="multipl-e-")
            self.work = self._folder
            self.judge_path = str(HERE)
        ours, theirs = socket.socketpair()
        self._socket = ours
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed in `close`)
        try:
            self._process = subprocess.Popen(
                self._command(spec),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                env=self._environment(spec) if not self.isolated else {},
                cwd=self._folder or "/",
                start_new_session=True,
            )
            theirs.close()
            ours.settimeout(START_SECONDS)
            services = {
                name: {
                    "argv": [a.replace("/judge", self.judge_path) for a in service.argv],
                    "env": {**self._environment(spec), **service.env},
                    "work": "/tmp" if self.isolated else self.work,
                }
                for name, service in spec.services.items()
            }
            self._send({"isolated": self.isolated, "services": services})
            self._receive()
        except BaseException as error:
            said = self._said()
            self.close()
            if isinstance(error, OSError | frames.Hangup):
                raise InfrastructureError(f"the sandbox did not start: {said or error}") from None
            raise

    def run(self, header: dict[str, Any], *parts: Any) -> dict[str, Any]:
        """Have one job done; `header["deadline"]` seconds bound it.

        Raises:
            InfrastructureError: the sandbox failed (close it and make another).
        """
        kills = self.cgroup.num_oom_kills()
        self._socket.settimeout(header["deadline"] + 30.0)
        try:
            self._send(header, *parts)
            report = self._receive()
        except (OSError, frames.Hangup) as error:
            raise InfrastructureError(f"the sandbox is gone: {self._said() or error}") from None
        if "infrastructure" in report:
            raise InfrastructureError(str(report["infrastructure"]))
        self.cpu_seconds = report.get("cpu_seconds", 0.0)
        report["oom_killed"] = self.cgroup.num_oom_kills() > kills
        # Frames that its job did not read may still be in the stream.
        self.healthy = not (report.get("overdue") or report.get("lost"))
        if report.get("lost") and not report["oom_killed"]:
            raise InfrastructureError("the process that judged the program died")
        return report

    def interrupt(self) -> None:
        """Make a `run` that another thread waits for fail at once (safe from any thread)."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End the sandbox and everything in it."""
        process = getattr(self, "_process", None)
        self._socket.close()
        if process is not None:
            if not self.isolated:
                # The warden kills what is left of its programs when its stream ends.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(5)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            process.wait()
        self._errors.close()
        self.cgroup.close()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _send(self, *messages: Any) -> None:
        self._socket.sendall(b"".join(map(frames.encode, messages)))

    def _receive(self) -> dict[str, Any]:
        length = int.from_bytes(self._exactly(4), "big")
        if length > frames.MAX_FRAME_BYTES:
            raise frames.Hangup(f"a frame of {length} bytes")
        report = json.loads(self._exactly(length))
        if not isinstance(report, dict):
            raise frames.Hangup("a frame that is no report")
        return report

    def _exactly(self, count: int) -> bytes:
        parts = []
        while count:
            part = self._socket.recv(min(count, 1 << 20))
            if not part:
                raise frames.Hangup("it ended")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _said(self) -> str:
        try:
            self._errors.seek(0)
            return self._errors.read().decode("utf-8", "replace").strip()[-500:]
        except ValueError:
            return ""

    def _environment(self, spec: SandboxSpec) -> dict[str, str]:
        home = "/tmp" if self.isolated else self.work
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": home,
            "TMPDIR": home,
            "LANG": "C.UTF-8",
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": self.judge_path,
            **spec.env,
        }

    def _command(self, spec: SandboxSpec) -> list[str]:
        python = os.path.realpath(sys.executable)
        warden = [python, "-s", "-P", "-B", "-m", "inside.warden"]
        if not self.isolated:
            return warden
        settings = {
            "cgroup_procs": self.cgroup.procs_files(),
            "uid": UID_OUTSIDE if os.geteuid() == 0 else None,
            "before": [find_bubblewrap(), *_namespaces(), *_system()],
            "binds": _binds(spec),
            "after": [
                *("--remount-ro", "/", "--chdir", "/", "--clearenv"),
                *(x for k, v in self._environment(spec).items() for x in ("--setenv", k, v)),
                *("--", *warden),
            ],
        }
        launcher = str(HERE / "launcher.py")
        return [sys.executable, "-I", "-S", launcher, json.dumps(settings)]


def find_bubblewrap() -> str:
    """Path of bwrap.

    Raises:
        UserError: it is not installed.
    """
    path = shutil.which("bwrap", path=os.environ.get("PATH", "") + ":/usr/bin:/usr/local/bin")
    if path is None:
        raise UserError(
            "bubblewrap is not installed, and foreign programs run only inside it: install it"
            " (`sudo apt install bubblewrap`), or pass --isolation none to run them unprotected"
        )
    return path


def check_isolation(isolation: Isolation) -> str:
    """Start a sandbox and look around in it; how it is isolated, in a few words.

    Raises:
        UserError: there is no working sandbox on this machine, with the remedy.
    """
    if isolation == "none":
        return "none (resource limits only)"
    find_bubblewrap()
    try:
        sandbox = Sandbox(SandboxSpec())
    except InfrastructureError as error:
        raise UserError(
            f"bubblewrap cannot make a sandbox here ({error}): allow unprivileged user namespaces"
            " (`sudo sysctl kernel.unprivileged_userns_clone=1"
            " kernel.apparmor_restrict_unprivileged_userns=0`; in a container, start it with"
            " `--security-opt seccomp=unconfined --security-opt systempaths=unconfined`), or pass"
            " --isolation none to run programs unprotected"
        ) from None
    groups = "+".join(sandbox.cgroup.controllers)
    sandbox.close()
    return f"bubblewrap, {'cgroup ' + groups if groups else 'no cgroup'}, rlimits"


def _namespaces() -> list[str]:
    return [
        *("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"),
        *("--unshare-cgroup-try", "--hostname", "sandbox"),
        *("--uid", str(UID_INSIDE), "--gid", str(UID_INSIDE)),
        # For the warden only, over the namespaces made here; programs have none of them.
        *("--cap-add", "ALL"),
        *("--as-pid-1", "--die-with-parent", "--new-session"),
    ]


def _system() -> list[str]:
    args = ["--ro-bind", "/usr", "/usr"]
    for path in _SYSTEM_LINKS:
        if os.path.islink(path):
            args += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            args += ["--ro-bind", path, path]
    for path in _SYSTEM_FILES:
        args += ["--ro-bind-try", path, path]
    args += ["--proc", "/proc", "--tmpfs", "/dev", "--dir", "/dev/shm"]
    for device in _DEVICES:
        args += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        args += ["--symlink", f"/proc/self/fd/{number}", f"/dev/{name}"]
    args += ["--symlink", "/proc/self/fd", "/dev/fd", "--remount-ro", "/dev"]
    return [*args, "--dir", "/work", "--dir", "/run", "--tmpfs", "/tmp"]


def _binds(spec: SandboxSpec) -> list[tuple[str, str]]:
    wanted = {p: p for p in (os.path.realpath(sys.base_prefix), *spec.read_only)}
    binds = [(os.path.realpath(s), t) for t, s in wanted.items() if not t.startswith("/usr/")]
    binds += [(os.path.realpath(source), target) for target, source in spec.mounts.items()]
    return [*binds, (str(HERE / "inside"), "/judge/inside")]
