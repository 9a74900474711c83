"""C# on Mono: compiled by a warm mcs, run by a class of ours that alone knows the secret."""

from __future__ import annotations

import base64
import os
import re
import time
from dataclasses import replace

from multipl_e.languages import classes
from multipl_e.languages.base import (
    Language,
    Plan,
    Program,
    Room,
    Step,
    StepReport,
    Toolchain,
    ask_service,
    which,
)
from multipl_e.languages.proofs import fresh_name
from multipl_e.languages.versions import version_line
from multipl_e.records import Status, Task, Verdict
from multipl_e.sandbox import Limits, Sandbox, SandboxSpec, ServiceSpec

COMPILE_SECONDS = 120.0
_MCS = "/usr/lib/mono/4.5/mcs.exe"
# Builds the helper in the sandbox's own /tmp, then becomes it.
_START = (
    '"$0" "$1" -out:service.exe /judge/inside/csharp_compiler.cs && '
    'exec "$0" service.exe "$1" -debug- -nologo -warn:0 -d:DEBUG -r:System.Numerics.dll'
)
_MAIN = re.compile(r"\bMain(?=\s*\(\s*string\b)")
_OWN_MAIN = re.compile(
    r"^[ \t]*(?:public\s+|private\s+|static\s+|async\s+)*(?:void|int|Task)\s+Main\s*\([^)]*\)\s*\{",
    re.MULTILINE,
)
_DEFINED = re.compile(r"\bstatic\s+[\w<>\[\], .?]+?\s(\w+)\s*\(")


class CSharp(Language):
    """C# with Mono's compiler and runtime."""

    name = "cs"
    title = "C#"
    aliases = ("csharp", "c#")
    extension = ".cs"
    package = "mono-mcs mono-runtime libmono-system-numerics4.0-cil"
    fences = ("csharp", "cs", "c#")
    stop_tokens = ("\n    }\n",)
    cost = 0.25
    smoke = (
        "using System;\nusing System.Diagnostics;\nclass Problem {\n"
        "    public static long Add(long a, long b) {\n        return a + b;\n",
        "    }\n    public static void Main(string[] args) {\n"
        "    Debug.Assert(Add((1L), (2L)) == (3L));\n    }\n\n}\n",
    )

    def find(self) -> Toolchain | None:
        """Mono and its compiler."""
        commands = which("mono")
        if commands is None or not os.path.exists(_MCS):
            return None
        return Toolchain(commands, version_line(commands["mono"], "--version"))

    def sandbox(self) -> SandboxSpec:
        """Mono's settings and a warm compiler."""
        argv = ("/bin/sh", "-c", _START, self.command("mono"), _MCS)
        return SandboxSpec(
            read_only=("/etc/mono",), services={"mcs": ServiceSpec(argv)}, extra_memory_mb=512
        )

    def limits(self, limits: Limits) -> Limits:
        """Mono reserves address space; its heap is bounded instead."""
        return replace(limits, memory_mb=None, processes=limits.processes + 16)

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """The last method of the prompt."""
        return tuple(_DEFINED.findall(task.prompt)[-1:])

    def code_of_answer(self, task: Task, answer: str) -> str:
        """The answer as a class `Problem`, open where the tests close it."""
        return classes.fitted(
            super().code_of_answer(task, answer), prompt=task.prompt,
            entry="".join(self.entry_points(task)), own_main=_OWN_MAIN, holder="class",
            filler="static void Filler() {",
        )  # fmt: skip

    def judge(self, sandbox: Sandbox, program: Program, room: Room) -> Verdict:
        """Compile in the helper, then run."""
        name = fresh_name()
        us = f"global::{name}"
        tests = _MAIN.sub(f"{name}_main", program.tests, count=1)
        tests = classes.with_assertions(
            tests, "Debug.Assert", ".Equals",
            lambda a, b: f"{us}.Check({_plain(a, us)})" if b is None
            else f"{us}.Check({us}.Same({a}, {b}))",
        )  # fmt: skip
        # Usings must come first, so ours is last and spells its names out.
        source = f"{program.code}\n{tests}\n{_RUNNER.replace('JUDGE', name)}"
        request = base64.b64encode(source.encode("utf-8", "replace")).decode()
        start = time.monotonic()
        answer = ask_service(sandbox, "mcs", request, seconds=COMPILE_SECONDS)
        compiling = time.monotonic() - start
        if not answer["ok"]:
            output = base64.b64decode(answer["output"]).decode("utf-8", "replace")
            return Verdict(
                "Timeout" if answer.get("late") else "SyntaxError",
                1,
                stderr=output,
                seconds=compiling,
            )
        plan = Plan(
            files={"base64:program.exe": answer["program"]},
            steps=(
                Step(
                    "run",
                    (self.command("mono"), "program.exe"),
                    env={"MONO_GC_PARAMS": "max-heap-size=1024m"},
                    stdin=f"{room.secret}\n{room.proof_path}\n",
                ),
            ),
        )
        verdict = self.run(sandbox, plan, room)
        return replace(verdict, seconds=verdict.seconds + compiling)

    def failure(self, run: StepReport) -> Status:
        """A heap that is full ends the program with an error of its own."""
        return "OutOfMemory" if "System.OutOfMemoryException" in run.stderr else "Exception"


def _plain(condition: str, us: str) -> str:
    """A comparison whose left side may not be of a type of the program's own."""
    left, right = classes.sides_of_operator(condition, "==")
    return condition if right is None else f"{us}.Plain({left}) == {right}"


# The secret is read before the program's class is touched, and kept in a local variable.
_RUNNER = """
static class JUDGE {
    public static void Check(bool holds) {
        if (!holds) throw new global::System.Exception("an assertion failed");
    }
    public static T Plain<T>(T value) {
        Check(!Own(typeof(T)));
        return value;
    }
    public static bool Same<T>(T actual, object expected) {
        if (typeof(T).IsValueType) return !Own(typeof(T)) && actual.Equals(expected);
        if (actual == null) throw new global::System.NullReferenceException();
        return !Own(actual.GetType()) && actual.Equals(expected);
    }
    static bool Own(global::System.Type type) {
        if (type.Assembly == typeof(JUDGE).Assembly) return true;
        foreach (var part in type.GetGenericArguments()) if (Own(part)) return true;
        return false;
    }
    static void Main() {
        string secret = global::System.Console.In.ReadLine();
        string path = global::System.Console.In.ReadLine();
        global::Problem.JUDGE_main(new string[0]);
        global::System.IO.File.WriteAllText(path, secret);
        global::System.Console.Out.Flush();
        global::System.Environment.Exit(0);
    }
}
"""

LANGUAGE = CSharp()
