"""Clojure: a judge compiles the tests from its input, then loads the candidate."""

from __future__ import annotations

import os
import re

from multipl_e.languages.base import (
    Language,
    Plan,
    Program,
    Room,
    Step,
    StepReport,
    Toolchain,
    which,
)
from multipl_e.languages.java import RUN_FLAGS, Java, jdk_paths
from multipl_e.languages.versions import version_line
from multipl_e.records import Status, Task, Verdict
from multipl_e.sandbox import Sandbox, SandboxSpec

_JARS = tuple(f"/usr/share/java/{n}.jar" for n in ("clojure", "spec.alpha", "core.specs.alpha"))
_SYNTAX_EXIT = 65
_ENTRY = re.compile(r"\(def\s+candidate\s+([^\s()]+)\)")
_DEFINED = re.compile(r"^\(defn\s+([^\s()\[\]]+)", re.MULTILINE)


class Clojure(Java):
    """Clojure on OpenJDK."""

    name = "clj"
    title = "Clojure"
    aliases = ("clojure",)
    extension = ".clj"
    package = "clojure openjdk-17-jdk-headless"
    fences = ("clojure", "clj", "lisp")
    stop_tokens = ("\n(def", "\n;", "\n(")
    comment = ";"
    cost = 0.9
    smoke = (
        "(defn add\n  [a b]\n  (+ a b))\n",
        "(require '[clojure.test :refer [deftest is run-test]])\n\n(def candidate add)\n\n"
        "(deftest test-humaneval\n\n  (is (= (candidate 1 2) 3))\n)\n\n(run-test test-humaneval)\n",
    )

    def find(self) -> Toolchain | None:
        """A JVM and Clojure's libraries."""
        commands = which("java")
        if commands is None or not all(map(os.path.exists, _JARS)):
            return None
        java = os.path.realpath(commands["java"])
        version = os.path.basename(os.path.realpath(_JARS[0])).removesuffix(".jar")
        return Toolchain({"java": java}, f"{version}, {version_line(java, '-version')}")

    def sandbox(self) -> SandboxSpec:
        """The JVM and its settings."""
        return SandboxSpec(read_only=jdk_paths(self.command("java")), extra_memory_mb=512)

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """The last function of the prompt, and what the tests call their candidate."""
        return tuple(
            dict.fromkeys([*_ENTRY.findall(task.tests), *_DEFINED.findall(task.prompt)[-1:]])
        )

    def code_of_answer(self, task: Task, answer: str) -> str:
        """The answer as it is."""
        return Language.code_of_answer(self, task, answer)

    def judge(self, sandbox: Sandbox, program: Program, room: Room) -> Verdict:
        """Run the judge of Clojure."""
        argv = (
            self.command("java"), *RUN_FLAGS, "-cp", ":".join(_JARS),
            "clojure.main", f"{sandbox.judge_path}/inside/clojure_judge.clj",
        )  # fmt: skip
        stdin = f"{room.secret}\n{room.proof_path}\n{program.tests}"
        plan = Plan(files={"candidate.clj": program.code}, steps=(Step("run", argv, stdin=stdin),))
        return self.run(sandbox, plan, room)

    def failure(self, run: StepReport) -> Status:
        """The judge ends with a code of its own where the candidate does not compile."""
        return "SyntaxError" if run.exit_code == _SYNTAX_EXIT else super().failure(run)


LANGUAGE = Clojure()
