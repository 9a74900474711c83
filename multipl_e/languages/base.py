"""What a language is: how its programs are put together, run, and proven to have passed."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from multipl_e.errors import InfrastructureError
from multipl_e.languages import answers, shape
from multipl_e.records import Candidate, Status, Task, Verdict
from multipl_e.sandbox import Limits, Sandbox, SandboxSpec


@dataclass(frozen=True)
class Program:
    """A candidate put together with its task.

    Attributes:
        language: The language's short name.
        code: Prompt and completion, or the solution: everything before the tests.
        tests: What follows.
        prompt: The task's prompt, where `code` begins with it (else empty).
        entry_points: Names of the functions asked for, where they can be told.
    """

    language: str
    code: str
    tests: str
    prompt: str = ""
    entry_points: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The whole program as MultiPL-E assembles it."""
        return f"{self.code}\n{self.tests}"


@dataclass(frozen=True)
class Toolchain:
    """A toolchain found on this machine: commands by name, and what it calls its version."""

    commands: Mapping[str, str]
    version: str


@dataclass(frozen=True)
class Room:
    """Where and how one program runs.

    Attributes:
        work: The directory it is put in, as seen inside.
        secret: Random text of this run alone; a proof of completion contains it.
        limits: What the program may use.
        coverage: Whether its executed lines are wanted.
        isolated: Whether there is a sandbox.
    """

    work: str
    secret: str
    limits: Limits
    coverage: bool = False
    isolated: bool = True

    @property
    def proof_path(self) -> str:
        """The file into which the program's tests write `secret` when all have passed."""
        return f"{self.work}/.{self.secret[:16]}"


@dataclass(frozen=True)
class Step:
    """One command of a plan.

    Attributes:
        name: ``compile`` or ``run``.
        argv: The command.
        limits: Its own limits, if not the room's.
        env: Environment beyond the sandbox's.
        stdin: What it reads.
        cwd: Working directory under the room's, if not that itself.
    """

    name: str
    argv: tuple[str, ...]
    limits: Limits | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: str = ""
    cwd: str = "."


@dataclass(frozen=True)
class Plan:
    """Files to write, commands to run in order, and the proof that is expected.

    Attributes:
        files: Contents by path under the work directory (bytes as base64 under ``base64:``-keys).
        steps: Commands; a failing one ends the plan. No limit may be wider than it was for the step
            before: the process that starts them takes their limits on itself.
        proof: What the file at `Room.proof_path` must hold afterwards (the room's secret by
            default); ``None`` only where the commands themselves prove completion.
        collect: Files to bring back afterwards (coverage data).
    """

    files: Mapping[str, str]
    steps: tuple[Step, ...]
    proof: str | None = ""
    collect: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepReport:
    """What became of one step."""

    name: str
    exit_code: int
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool = False
    output_limit: bool = False
    oom_killed: bool = False


class Language(ABC):
    """One language. Subclasses set the attributes and write `find` and `judge` (or, as a
    `PlannedLanguage`, `plan`).

    Attributes:
        name: MultiPL-E's short name.
        title: The name people use.
        aliases: Other names accepted on input.
        extension: File extension with its dot.
        package: Debian package (or how else to get the toolchain).
        fences: Names after the three backticks in chat answers.
        stop_tokens: Used where a task brings none.
        comment: What begins a line comment.
        cost: Seconds a typical program takes, for scheduling.
        verified: Whether the toolchain was ever tried with this code.
        smoke: A right solution and its tests, which the doctor runs.
    """

    name: str
    title: str
    aliases: tuple[str, ...] = ()
    extension: str
    package: str
    fences: tuple[str, ...] = ()
    stop_tokens: tuple[str, ...] = ()
    comment: str = "//"
    cost: float = 1.0
    verified: bool = True
    smoke: tuple[str, str]

    @abstractmethod
    def find(self) -> Toolchain | None:
        """Look for the toolchain on this machine."""

    @functools.cached_property
    def toolchain(self) -> Toolchain | None:
        """The toolchain, looked for once."""
        return self.find()

    def command(self, name: str) -> str:
        """Path of one of the toolchain's commands."""
        if self.toolchain is None:
            raise InfrastructureError(f"the toolchain of {self.title} is missing: {self.package}")
        return self.toolchain.commands[name]

    def sandbox(self) -> SandboxSpec:
        """What the toolchain needs inside the sandbox (Debian's /usr is always there)."""
        return SandboxSpec()

    def limits(self, limits: Limits) -> Limits:
        """The limits of the run, adapted to the language's runtime."""
        return limits

    def assemble(self, task: Task, candidate: Candidate) -> Program:
        """Put a candidate together with its task, by MultiPL-E's rules."""
        prompt = ""
        if candidate.form == "completion":
            prompt, code = task.prompt, task.prompt + self.cut_completion(task, candidate.text)
        elif candidate.form == "solution":
            code = candidate.text
            if shape.is_closed(code, task.tests, self.name):
                code = self.code_of_answer(task, code)
        else:
            code = self.code_of_answer(task, candidate.text)
        points = self.entry_points(task)
        return Program(self.name, code, task.tests, prompt, points)

    def cut_completion(self, task: Task, completion: str) -> str:
        """A completion up to the first stop token, or by its syntax where it has none."""
        body = task.prompt.strip()
        if body and completion.lstrip().startswith(body):  # the model began with the prompt
            completion = completion.lstrip().removeprefix(body)
        short = cut(completion, task.stop_tokens or self.stop_tokens)
        if short != completion or task.tests.lstrip().startswith("}"):
            return short
        return shape.completed_function(task.prompt, completion, self.name)

    def code_of_answer(self, task: Task, answer: str) -> str:
        """The program text in a chat answer."""
        entry_points = self.entry_points(task)
        code = answers.extract(
            answer, prompt=task.prompt, fences=(self.name, *self.aliases, *self.fences),
            entry_points=entry_points,
        )  # fmt: skip
        return shape.without_examples(code, self.name, entry_points)

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """Names of the functions that a task asks for."""
        return ()

    @abstractmethod
    def judge(self, sandbox: Sandbox, program: Program, room: Room) -> Verdict:
        """Run a program in a sandbox and say what came of it."""

    def run(self, sandbox: Sandbox, plan: Plan, room: Room) -> Verdict:
        """Carry out a plan and say what came of it."""
        report = run_plan(sandbox, plan, room)
        return cut_short(report, room) or self.verdict(report, plan, room)

    def verdict(self, report: dict[str, Any], plan: Plan, room: Room) -> Verdict:
        """The verdict on a finished plan."""
        steps = [StepReport(**s) for s in report["steps"]]
        expected = room.secret if plan.proof == "" else plan.proof
        proven = expected is None or report["proof"] == expected
        last = steps[-1]
        status = self.status(steps, proven)
        return Verdict(
            status=status,
            exit_code=last.exit_code or int(status not in ("OK", "Incomplete")),
            stdout=last.stdout,
            stderr=last.stderr,
            seconds=sum(s.seconds for s in steps),
            executed_lines=self.executed_lines(report["collected"]) if room.coverage else None,
        )

    def status(self, steps: list[StepReport], proven: bool) -> Status:
        """Name the outcome; a pass needs both a clean exit and the proof."""
        last = steps[-1]
        if last.oom_killed:
            return "OutOfMemory"
        if last.output_limit:
            return "OutputLimit"
        if last.name == "compile":
            return "Timeout" if last.timed_out else "SyntaxError"
        if last.timed_out:
            return "Timeout"
        if last.exit_code != 0:
            return self.failure(last)
        return "OK" if proven else "Incomplete"

    def failure(self, run: StepReport) -> Status:
        """Name a run that ended with a non-zero exit code."""
        return "Exception"

    def executed_lines(self, collected: Mapping[str, str]) -> tuple[int, ...] | None:
        """Executed lines of the candidate from the files that a plan collected."""
        return None


class PlannedLanguage(Language):
    """A language whose programs are judged by a plan alone."""

    @abstractmethod
    def plan(self, program: Program, room: Room) -> Plan:
        """How to run a program."""

    def judge(self, sandbox: Sandbox, program: Program, room: Room) -> Verdict:
        """Carry out the plan."""
        return self.run(sandbox, self.plan(program, room), room)


def run_plan(sandbox: Sandbox, plan: Plan, room: Room) -> dict[str, Any]:
    """Have a plan carried out; steps up to the first that fails, the proof, collected files."""
    steps = [
        {
            "name": s.name, "argv": list(s.argv), "env": dict(s.env), "stdin": s.stdin,
            "cwd": s.cwd, "limits": vars(s.limits or room.limits),
        }
        for s in plan.steps
    ]  # fmt: skip
    header = {
        "job": "steps",
        "deadline": sum(s["limits"]["seconds"] for s in steps) + 2.0,  # type: ignore[index]
        "limits": vars(room.limits),
    }
    body = {
        "files": dict(plan.files), "steps": steps, "work": room.work,
        "proof_path": room.proof_path, "collect": list(plan.collect),
    }  # fmt: skip
    report = sandbox.run(header, body)
    if report["oom_killed"] and report.get("steps") and report["steps"][-1]["exit_code"] != 0:
        report["steps"][-1]["oom_killed"] = True
    return report


def ask_service(sandbox: Sandbox, service: str, request: Any, *, seconds: float) -> Any:
    """The answer of a warm helper.

    Raises:
        InfrastructureError: it ended or was late (it is started anew for the next request).
    """
    report = sandbox.run({"job": "service", "service": service, "deadline": seconds}, request)
    if "answer" not in report:
        raise InfrastructureError(f"the helper {service} did not answer")
    return report["answer"]


def cut_short(report: Mapping[str, Any], room: Room) -> Verdict | None:
    """The verdict on a job whose own process did not live to report; None if it did."""
    if report.get("overdue"):
        return Verdict("Timeout", -9, seconds=room.limits.seconds)
    return Verdict("OutOfMemory", -9) if report.get("lost") else None


def cut(text: str, stop_tokens: tuple[str, ...]) -> str:
    """`text` up to the first stop token."""
    ends = [i for i in (text.find(stop) for stop in stop_tokens if stop) if i >= 0]
    return text[: min(ends)] if ends else text


def which(*names: str) -> dict[str, str] | None:
    """Paths of commands, or None if one is missing."""
    found = {name: shutil.which(name) for name in names}
    return None if None in found.values() else {k: str(v) for k, v in found.items()}


def first_line(*command: str) -> str:
    """First line that a version command prints."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return "?"
    return next(iter((done.stdout + done.stderr).strip().splitlines()), "?")


def installation(command: str) -> tuple[str, ...]:
    """The folder that holds a toolchain's ``bin``, where it is not under /usr."""
    folder = os.path.dirname(os.path.dirname(os.path.realpath(command)))
    return () if folder == "/usr" or folder.startswith("/usr/") else (folder,)
