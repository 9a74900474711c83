"""Languages whose tests run in a warm judge of their own, apart from the candidate.

The judge (``inside/NAME_judge.*``) never runs a candidate and the candidate's process
(``inside/NAME_candidate.*``) never sees a test: values cross between them as plain data, line by
line (see inside/split.py). What cannot be put as plain data is no pass.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from multipl_e.errors import InfrastructureError
from multipl_e.languages.base import Language, Program, Room, cut_short
from multipl_e.records import Status, Verdict
from multipl_e.sandbox import Sandbox, SandboxSpec, ServiceSpec


class SplitLanguage(Language):
    """A language judged by a process of its own.

    Attributes:
        interpreter: Name of the command among the toolchain's.
        flags: What comes between the interpreter and a script of ours.
        script_extension: Extension of the two scripts.
        marks_memory: What its error output says when memory ran out.
    """

    interpreter: str
    flags: tuple[str, ...] = ()
    marks_memory: tuple[str, ...] = ()

    @abstractmethod
    def split(self, program: Program) -> tuple[str, Any]:
        """The candidate's file, and what the judge is told."""

    def sandbox(self) -> SandboxSpec:
        """The warm judge."""
        return SandboxSpec(services=self.services(), extra_memory_mb=128)

    def services(self) -> dict[str, ServiceSpec]:
        """The judge's command."""
        script = self.script(f"/judge/inside/{self.name}_judge{self.extension}")
        return {"judge": ServiceSpec((self.command(self.interpreter), *self.flags, *script))}

    def script(self, path: str) -> tuple[str, ...]:
        """Arguments of the interpreter that make it run a script of ours."""
        return (path,)

    def judge(self, sandbox: Sandbox, program: Program, room: Room) -> Verdict:
        """Run the candidate in one process and its tests in another."""
        code, told = self.split(program)
        name = f"candidate{self.extension}"
        body = {
            "work": room.work,
            "files": {name: code},
            "argv": list(self.command_line(sandbox.judge_path, name, coverage=room.coverage)),
            "env": self.coverage_env(sandbox.judge_path) if room.coverage else {},
            "collect": ["coverage.txt"] if room.coverage else [],
        }
        header = {
            "job": "split",
            "service": "judge",
            "limits": vars(room.limits),
            "deadline": room.limits.seconds + 5.0,
        }
        report = sandbox.run(header, body, told)
        verdict = cut_short(report, room) or self.verdict_of(report)
        if not room.coverage:
            return verdict
        lines = self.executed_lines(report.get("collected", {}))
        return replace(verdict, executed_lines=lines)

    def command_line(self, judge_path: str, name: str, *, coverage: bool) -> tuple[str, ...]:
        """What runs the candidate's file `name`."""
        script = self.script(f"{judge_path}/inside/{self.name}_candidate{self.extension}")
        return (self.command(self.interpreter), *self.flags, *script, name)

    def coverage_env(self, judge_path: str) -> dict[str, str]:
        """Environment that makes the candidate's process write ``coverage.txt``."""
        return {"JUDGE_COVERAGE": "1"}

    def verdict_of(self, report: Mapping[str, Any]) -> Verdict:
        """The verdict in the relay's report."""
        outcome, code = report["outcome"], report["exit_code"]
        if report["service_lost"] and not report["timed_out"] and not report["output_limit"]:
            raise InfrastructureError(f"the judge of {self.title} ended")
        said = outcome["status"] if outcome is not None else ""
        status: Status
        if report["output_limit"]:
            status = "OutputLimit"
        elif said == "OK":
            status, code = "OK", 0
        elif report["oom_killed"] or any(mark in report["stderr"] for mark in self.marks_memory):
            status = "OutOfMemory"
        elif outcome is None:
            status = "Timeout"
        elif said == "Gone":
            status = "Incomplete" if code == 0 else "Exception"
        else:
            status, code = cast(Status, said), code if code > 0 else 1
        return Verdict(
            status=status,
            exit_code=code,
            stdout=report["stdout"],
            stderr=report["stderr"] + (outcome["trace"] if outcome else ""),
            seconds=report["seconds"],
            tests_passed=outcome.get("passed") if outcome else None,
            tests_total=outcome.get("total") if outcome else None,
        )

    def executed_lines(self, collected: Mapping[str, str]) -> tuple[int, ...] | None:
        """Line numbers, one per line of ``coverage.txt``."""
        text = collected.get("coverage.txt", "")
        return tuple(sorted({int(word) for word in text.split() if word.isdigit()})) or None


# No language by itself.
LANGUAGE = None
