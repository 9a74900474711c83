"""Jobs made of commands: write files, compile, run, look at the proof."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import os
import select
import shutil
import time
from typing import Any

from . import compartment, frames, linux
from .compartment import Limits
from .output import Output


class Program:
    """A command under way, with its output drained.

    Starting it confines this process as well: what comes after can only have the same limits or
    narrower ones.
    """

    def __init__(
        self,
        argv: list[str],
        *,
        cwd: str,
        env: dict[str, str],
        limits: Limits,
        isolated: bool,
        stdin: bytes = b"",
        channel: bool = False,
    ):
        self.limits = limits
        self.start = time.monotonic()
        self.deadline = self.start + limits.seconds
        in_read, in_write = os.pipe()
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        # Descriptors 3 (requests) and 4 (answers) of the program, where it has a judge.
        request_read, self.request_fd = os.pipe() if channel else (-1, -1)
        self.answer_fd, answer_write = os.pipe() if channel else (-1, -1)
        os.chdir(cwd)
        compartment.confine(limits, isolated=isolated)
        try:
            self.pid = _spawn(
                argv, env, in_read, out_write, err_write, *([request_read, answer_write] * channel)
            )
        finally:
            for fd in (in_read, out_write, err_write, request_read, answer_write):
                if fd >= 0:
                    os.close(fd)
        self.stdout, self.stderr = Output(out_read), Output(err_read)
        self.pidfd = os.pidfd_open(self.pid)
        self._stdin = memoryview(stdin)
        self._stdin_fd = in_write
        os.set_blocking(in_write, False)
        self.timed_out = self.output_limit = False
        self.unwatched = False  # known to have ended: `poll` no longer reports it
        if not stdin:
            self._close_stdin()

    def wait(self) -> int:
        """Drain its output until it ends or breaks a limit; its exit code."""
        ended = False
        while not ended or self.stdout.open or self.stderr.open:
            ready = self.poll()
            if ready is None:
                break
            if self.pidfd in ready and not ended:
                ended = True
                # What it left running may hold its output open: it is not waited for.
                self.deadline = min(self.deadline, time.monotonic() + 0.05)
            if ended and not ready - {self.pidfd}:
                break
        if ended:
            self.timed_out = False
        return self.end()

    def poll(self, *others: int) -> set[int] | None:
        """Wait until something happens; None once a limit is broken."""
        poll = select.poll()
        for fd in others if self.unwatched else (self.pidfd, *others):
            poll.register(fd, select.POLLIN)
        for stream in (self.stdout, self.stderr):
            if stream.open:
                poll.register(stream.fd, select.POLLIN)
        if self._stdin_fd >= 0:
            poll.register(self._stdin_fd, select.POLLOUT)
        left = self.deadline - time.monotonic()
        if left <= 0:
            self.timed_out = True
            return None
        ready = {fd for fd, _ in poll.poll(left * 1000)}
        for stream in (self.stdout, self.stderr):
            if stream.open and stream.fd in ready:
                stream.drain()
                if stream.num_bytes > self.limits.output_mb << 20:
                    self.output_limit = True
                    return None
        if self._stdin_fd in ready:
            self._feed()
        return ready

    def end(self) -> int:
        """Kill it if it still runs; its exit code."""
        linux.kill(self.pid)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.pidfd)
        self._close_stdin()
        for fd in (self.request_fd, self.answer_fd):
            if fd >= 0:
                os.close(fd)
        self.stdout.close()
        self.stderr.close()
        self.seconds = time.monotonic() - self.start
        return os.waitstatus_to_exitcode(status)

    def report(self, name: str, exit_code: int) -> dict[str, Any]:
        """What the host is told."""
        return {
            "name": name, "exit_code": exit_code, "seconds": self.seconds,
            "stdout": self.stdout.text(), "stderr": self.stderr.text(),
            "timed_out": self.timed_out, "output_limit": self.output_limit,
        }  # fmt: skip

    def _feed(self) -> None:
        try:
            self._stdin = self._stdin[os.write(self._stdin_fd, self._stdin[: 1 << 16]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._stdin = self._stdin[:0]
        if not self._stdin:
            self._close_stdin()

    def _close_stdin(self) -> None:
        if self._stdin_fd >= 0:
            os.close(self._stdin_fd)
            self._stdin_fd = -1


def _spawn(argv: list[str], env: dict[str, str], *given: int) -> int:
    """Start a command with `given` as its descriptors from 0 on, and no other; its process.

    By ``posix_spawn``, which copies no page tables: a fork of this interpreter costs more than
    many a program. The limits are this process's own, and so are its (lost) privileges.

    Raises:
        OSError: a tool of ours cannot be run. What the program itself brought may be no program.
    """
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 16) for fd in given]
    actions = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(high)]
    try:
        return os.posix_spawnp(argv[0], argv, env, file_actions=actions, setsid=True)
    except OSError as error:
        if os.path.isabs(argv[0]):
            raise OSError(f"a tool did not start: {error}") from None
        say = ("/bin/sh", "-c", 'echo "$0: $1" >&2; exit 127', argv[0], str(error.strerror))
        return os.posix_spawn(say[0], say, env, file_actions=actions, setsid=True)
    finally:
        for fd in high:
            os.close(fd)


def run_steps(channel: int, header: dict[str, Any]) -> dict[str, Any]:
    """Carry out a plan (see `languages.base.Plan`)."""
    body = frames.receive(channel)
    isolated = header["isolated"]
    return in_compartment(
        Limits(**header["limits"]), isolated, lambda: _steps(body, isolated), body["work"]
    )


def in_compartment(limits: Limits, isolated: bool, act: Any, work: str) -> dict[str, Any]:
    """Call `act` in a fresh compartment, of which this is the first process; its report."""
    report: dict[str, Any]
    if isolated:
        compartment.private_files(limits)
        compartment.private_processes()
        report = act()
        return report
    try:
        report = act()
        return report
    finally:
        compartment.sweep()
        empty(work)


def _steps(body: dict[str, Any], isolated: bool) -> dict[str, Any]:
    work = body["work"]
    write_files(work, body["files"])
    reports = []
    before = cpu_seconds = 0.0
    for step in body["steps"]:
        program = Program(
            step["argv"],
            cwd=os.path.join(work, step["cwd"]),
            env={**environment(), **step["env"]},
            limits=Limits(**step["limits"]),
            isolated=isolated,
            stdin=step["stdin"].encode("utf-8", "surrogatepass"),
        )
        exit_code = program.wait()
        compartment.kill_others(isolated=isolated)
        before, cpu_seconds = cpu_seconds, compartment.cpu_seconds()
        reports.append(program.report(step["name"], exit_code))
        if exit_code != 0 or program.timed_out or program.output_limit:
            break
    return {
        "steps": reports,
        "cpu_seconds": cpu_seconds - before,  # of the last
        "proof": _read_text(body["proof_path"], 4096),
        "collected": {name: _read_text(os.path.join(work, name)) for name in body["collect"]},
    }


def environment() -> dict[str, str]:
    """What programs see of the sandbox's environment."""
    return {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}


def write_files(work: str, files: dict[str, str]) -> None:
    """Write a plan's files under `work`."""
    for name, content in files.items():
        encoded = name.startswith("base64:")
        path = os.path.join(work, name.removeprefix("base64:"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = base64.b64decode(content) if encoded else content.encode("utf-8", "surrogatepass")
        with open(path, "wb") as file:
            file.write(data)
        if content.startswith("#!"):
            os.chmod(path, 0o755)


def empty(folder: str) -> None:
    """Remove everything in a folder."""
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                os.unlink(entry.path)


def _read_text(path: str, most: int = 8 << 20) -> str:
    """A regular file's text; empty if there is none (never follows a link, never blocks)."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    with os.fdopen(fd, "rb") as file:
        return file.read(most).decode("utf-8", "replace")
