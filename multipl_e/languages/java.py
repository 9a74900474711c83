"""Java: compiled by a warm javac, run by a class of ours that alone knows the secret."""

from __future__ import annotations

import base64
import os
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

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

JAVATUPLES = "/usr/share/java/javatuples.jar"
# Threads of a JVM, beyond those of the program.
JVM_PROCESSES = 64
COMPILE_SECONDS = 120.0
RUN_FLAGS = (
    "-ea", "-Xshare:auto", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx1024m",
    "-XX:-UsePerfData", "-XX:+DisableAttachMechanism",
)  # fmt: skip
_MAIN = re.compile(r"\bmain(?=\s*\(\s*(?:final\s+)?String\b)")
_OWN_MAIN = re.compile(
    r"^[ \t]*(?:public\s+|static\s+|final\s+)*void\s+main\s*\([^)]*\)[^{;]*\{", re.MULTILINE
)
_DEFINED = re.compile(r"\bstatic\s+[\w<>\[\], .?]+?\s(\w+)\s*\(")


class Java(Language):
    """OpenJDK."""

    name = "java"
    title = "Java"
    extension = ".java"
    package = "openjdk-17-jdk-headless libjavatuples-java"
    fences: tuple[str, ...] = ("java",)
    stop_tokens: tuple[str, ...] = ("\n    }\n",)
    cost = 0.4
    smoke = (
        "import java.util.*;\nimport org.javatuples.*;\nclass Problem {\n"
        "    public static long add(long a, long b) {\n        return a + b;\n",
        "    }\n    public static void main(String[] args) {\n"
        "    assert(add((1l), (2l)) == (3l));\n    }\n\n}\n",
    )

    def find(self) -> Toolchain | None:
        """A JDK, and the tuples that MultiPL-E's tests import."""
        commands = which("java", "javac")
        if commands is None or not os.path.exists(JAVATUPLES):
            return None
        java = os.path.realpath(commands["java"])
        return Toolchain({"java": java}, version_line(java, "-version"))

    def sandbox(self) -> SandboxSpec:
        """The JDK and its settings, and a warm compiler."""
        java = self.command("java")
        compiler = "/judge/inside/JavaCompiler.java"
        flags = ("-Xshare:auto", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m")
        return SandboxSpec(
            read_only=jdk_paths(java),
            services={"javac": ServiceSpec((java, *flags, compiler, JAVATUPLES))},
            extra_memory_mb=1024,
        )

    def limits(self, limits: Limits) -> Limits:
        """The JVM reserves address space by the gigabyte and starts a dozen threads."""
        return replace(limits, memory_mb=None, processes=limits.processes + JVM_PROCESSES)

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """The last method of the prompt."""
        return tuple(_DEFINED.findall(task.prompt)[-1:])

    def code_of_answer(self, task: Task, answer: str) -> str:
        """The answer as a class `Problem`, open where the tests close it."""
        return classes.fitted(
            super().code_of_answer(task, answer), prompt=task.prompt,
            entry="".join(self.entry_points(task)), own_main=_OWN_MAIN, holder="class",
            filler="static void filler() {",
        )  # fmt: skip

    def judge(self, sandbox: Sandbox, program: Program, room: Room) -> Verdict:
        """Compile in the helper, then run."""
        name = fresh_name()
        tests = _MAIN.sub(name, program.tests, count=1)

        def assertion(left: str, right: str | None) -> str:
            holds = left if right is None else f"{name}.same({left}, {right})"
            return f"{name}.check({holds})"

        tests = classes.with_assertions(tests, "assert", ".equals", assertion)
        source = f"{program.code}\n{tests}"
        runner = _RUNNER.replace("JUDGE", name)
        start = time.monotonic()
        answer: dict[str, Any] = {"ok": False}
        if room.coverage:
            last = program.code.count("\n") + 1
            marked = runner + _COVERAGE.replace("JUDGE", name).replace("LAST", str(last))
            marks = f"{name}Lines.hit:{last}"
            answer = _compiled(sandbox, f"Problem.java:{marks}", source, f"{name}.java", marked)
        if not answer["ok"]:
            answer = _compiled(sandbox, "Problem.java", source, f"{name}.java", runner)
        compiling = time.monotonic() - start
        if not answer["ok"]:
            late = answer.get("late")
            output = base64.b64decode(answer["output"]).decode("utf-8", "replace")
            return Verdict(
                "Timeout" if late else "SyntaxError", 1, stderr=output, seconds=compiling
            )
        argv = (self.command("java"), *RUN_FLAGS, "-cp", f".:{JAVATUPLES}", name)
        plan = Plan(
            files={f"base64:{path}": data for path, data in answer["classes"].items()},
            steps=(Step("run", argv, stdin=f"{room.secret}\n{room.proof_path}\n"),),
            collect=("coverage.txt",) if room.coverage else (),
        )
        verdict = self.run(sandbox, plan, room)
        return replace(verdict, seconds=verdict.seconds + compiling)

    def executed_lines(self, collected: Mapping[str, str]) -> tuple[int, ...] | None:
        """Line numbers, one per line, written as they were first executed."""
        return tuple(sorted(map(int, collected.get("coverage.txt", "").split()))) or None

    def failure(self, run: StepReport) -> Status:
        """A heap that is full ends the program with an error of its own."""
        return "OutOfMemory" if "java.lang.OutOfMemoryError" in run.stderr else "Exception"


def _compiled(sandbox: Sandbox, *names_and_sources: str) -> Any:
    text = "\0".join(names_and_sources).encode("utf-8", "replace")
    request = base64.b64encode(text).decode()
    return ask_service(sandbox, "javac", request, seconds=COMPILE_SECONDS)


def jdk_paths(java: str) -> tuple[str, ...]:
    """What a JDK needs: its own folder, and the folder of settings that Debian links to."""
    home = os.path.dirname(os.path.dirname(java))
    settings = os.path.realpath(os.path.join(home, "conf", "logging.properties"))
    paths = (home, os.path.dirname(settings))
    return tuple(p for p in paths if not p.startswith("/usr/"))


# The secret is read before the program is loaded and kept where no reflection reaches: in a local
# variable. What the tests compare is copied into collections of Java's own first, so that objects
# of the program have no say in whether they are equal.
_RUNNER = """
import java.util.*;
class JUDGE {
  static void check(boolean holds) {
    if (!holds) throw new AssertionError();
  }
  static boolean same(Object actual, Object expected) {
    if (actual == null || expected == null) throw new NullPointerException();
    return equal(actual, expected);
  }
  private static boolean equal(Object a, Object b) {
    if (a == null || b == null) return a == b;
    if (b instanceof List) {
      if (!(a instanceof List)) return false;
      Object[] x = new ArrayList<Object>((List<?>) a).toArray(), y = ((List<?>) b).toArray();
      if (x.length != y.length) return false;
      for (int i = 0; i < x.length; i++) if (!equal(x[i], y[i])) return false;
      return true;
    }
    if (b instanceof Map) {
      if (!(a instanceof Map)) return false;
      Map<Object, Object> x = new HashMap<>((Map<?, ?>) a);
      Map<?, ?> y = (Map<?, ?>) b;
      if (x.size() != y.size()) return false;
      for (Map.Entry<?, ?> e : y.entrySet())
        if (!x.containsKey(e.getKey()) || !equal(x.get(e.getKey()), e.getValue())) return false;
      return true;
    }
    if (b instanceof Optional) {
      return a instanceof Optional
          && equal(((Optional<?>) a).orElse(null), ((Optional<?>) b).orElse(null));
    }
    if (b instanceof Iterable && a.getClass() == b.getClass()) { // tuples
      Iterator<?> x = ((Iterable<?>) a).iterator(), y = ((Iterable<?>) b).iterator();
      while (x.hasNext() && y.hasNext()) if (!equal(x.next(), y.next())) return false;
      return !x.hasNext() && !y.hasNext();
    }
    return b.equals(a);
  }
  public static void main(String[] args) throws Throwable {
    String[] said = new String(System.in.readAllBytes(), "UTF-8").split("\\n");
    Problem.JUDGE(new String[0]);
    try (java.io.FileOutputStream out = new java.io.FileOutputStream(said[1])) {
      out.write(said[0].getBytes("UTF-8"));
    }
    System.out.flush();
    System.err.flush();
    Runtime.getRuntime().halt(0);
  }
}
"""

# Unbuffered, so that a program that is killed leaves its lines too.
_COVERAGE = """
class JUDGELines {
  private static final boolean[] seen = new boolean[LAST + 1];
  private static java.io.FileOutputStream out;
  static void hit(int line) {
    if (seen[line]) return;
    seen[line] = true;
    try {
      if (out == null) out = new java.io.FileOutputStream("coverage.txt");
      out.write((line + "\\n").getBytes());
    } catch (java.io.IOException error) {
    }
  }
}
"""

LANGUAGE = Java()
