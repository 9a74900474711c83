"""JavaScript on Node: the candidate and the tests in processes of their own (inside/node_*.js)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from multipl_e.errors import InfrastructureError
from multipl_e.languages.base import (
    Language,
    Program,
    Room,
    Toolchain,
    cut_short,
    which,
)
from multipl_e.languages.versions import version_line
from multipl_e.records import Status, Task, Verdict
from multipl_e.sandbox import Limits, Sandbox, SandboxSpec, ServiceSpec

_ENTRY = re.compile(r"candidate\s*=\s*([A-Za-z_$][\w$]*)\s*;")
_DEFINED = re.compile(r"^(?:async\s+)?function\s*\*?\s*([A-Za-z_$][\w$]*)", re.MULTILINE)
_MEMORY_ERROR = re.compile(
    r"heap out of memory|Array buffer allocation failed|invalid array length"
)


class JavaScript(Language):
    """Node."""

    name = "js"
    title = "JavaScript"
    aliases = ("javascript", "node")
    extension = ".js"
    package = "nodejs"
    fences: tuple[str, ...] = ("javascript", "js", "node", "jsx")
    stop_tokens: tuple[str, ...] = ("\nfunction ", "\n/*", "\n//", "\nconsole.log")
    cost = 0.05
    smoke = (
        "function add(a, b) {\n    return a + b;\n}\n",
        "const assert = require('node:assert');\nfunction test() {\n  let candidate = add;\n"
        "  assert.deepEqual(candidate(1, 2), 3);\n}\ntest();\n",
    )

    def find(self) -> Toolchain | None:
        """Node, as found on the path."""
        commands = which("node")
        if commands is None:
            return None
        return Toolchain(commands, version_line(commands["node"], "--version"))

    def sandbox(self) -> SandboxSpec:
        """Node and the warm judge that holds the tests."""
        node = self.command("node")
        return SandboxSpec(
            read_only=(node,),
            services={"judge": ServiceSpec((node, "/judge/inside/node_judge.js"))},
            extra_memory_mb=512,
        )

    def limits(self, limits: Limits) -> Limits:
        """V8 reserves address space by the gigabyte and starts a dozen threads."""
        return replace(limits, memory_mb=None, processes=limits.processes + 64)

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """The last function of the prompt, and what the tests call their candidate."""
        return tuple(
            dict.fromkeys([*_DEFINED.findall(task.prompt)[-1:], *_ENTRY.findall(task.tests)])
        )

    def judge(self, sandbox: Sandbox, program: Program, room: Room) -> Verdict:
        """Run the candidate in one process and its tests in another."""
        # A function's body, which it becomes, cannot begin with how to start it.
        code = re.sub(r"^#!.*", "", self.javascript(program))
        body = {
            "work": room.work,
            "check": code,
            "files": {"candidate.js": code},
            "argv": [
                self.command("node"),
                "--max-old-space-size=1024",
                # A random seed for its hashes is a fifth of what starting Node costs.
                "--no-rehash-snapshot",
                f"{sandbox.judge_path}/inside/node_candidate.js",
            ],
            "env": {"JUDGE_COVERAGE": "1"} if room.coverage else {},
            "collect": ["coverage.json"] if room.coverage else [],
        }
        tests = {
            "tests": program.tests,
            "program": program.text,
            "entry_points": list(program.entry_points),
        }
        header = {
            "job": "split",
            "service": "judge",
            "limits": vars(room.limits),
            "deadline": room.limits.seconds + 5.0,
        }
        report = sandbox.run(header, body, tests)
        early = cut_short(report, room)
        return early or self.verdict_of(report, coverage=room.coverage)

    def javascript(self, program: Program) -> str:
        """The candidate as JavaScript."""
        return program.code

    def verdict_of(self, report: Mapping[str, Any], *, coverage: bool) -> Verdict:
        """The verdict in the relay's report."""
        outcome = report["outcome"]
        code = report["exit_code"]
        if report["service_lost"] and not report["timed_out"] and not report["output_limit"]:
            raise InfrastructureError("the judge of JavaScript ended")
        status: Status
        if report["output_limit"]:
            status = "OutputLimit"
        elif outcome is not None and outcome["status"] == "OK":
            status, code = "OK", 0
        elif report["oom_killed"] or _MEMORY_ERROR.search(report["stderr"]):
            status = "OutOfMemory"
        elif outcome is None:
            status = "Timeout"
        elif outcome["status"] == "Gone":
            status = "Incomplete" if code == 0 else "Exception"
        else:
            status, code = outcome["status"], code if code > 0 else 1
        lines = None
        if coverage and report["collected"].get("coverage.json"):
            lines = tuple(json.loads(report["collected"]["coverage.json"]))
        passed = total = None
        if outcome is not None:
            passed = outcome["passed"]
            total = passed if status == "OK" else outcome["total"]
        return Verdict(
            status=status,
            exit_code=code,
            stdout=report["stdout"],
            stderr=report["stderr"] + (outcome["trace"] if outcome else ""),
            seconds=report["seconds"],
            executed_lines=lines,
            tests_passed=passed,
            tests_total=total,
        )


LANGUAGE = JavaScript()
