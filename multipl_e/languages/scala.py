"""Scala: compiled by a warm scalac, run by an object of ours that alone knows the secret."""

from __future__ import annotations

import base64
import os
import re
import time
from dataclasses import replace

from multipl_e.languages import classes, shape
from multipl_e.languages.base import Plan, Program, Room, Step, Toolchain, ask_service, which
from multipl_e.languages.java import COMPILE_SECONDS, RUN_FLAGS, Java, jdk_paths
from multipl_e.languages.proofs import fresh_name
from multipl_e.records import Task, Verdict
from multipl_e.sandbox import Sandbox, SandboxSpec, ServiceSpec

_FOLDER = "/usr/share/java"
_LIBRARY = f"{_FOLDER}/scala-library.jar"
_COMPILER = ":".join(
    f"{_FOLDER}/{name}.jar"
    for name in (
        "scala-compiler", "scala-library", "scala-reflect", "scala-xml_2.11",
        "scala-parser-combinators_2.11", "jline2",
    )
)  # fmt: skip
_MAIN = re.compile(r"\bmain(?=\s*\(\s*\w+\s*:\s*Array\b)")
_OWN_MAIN = re.compile(r"^[ \t]*def\s+main\s*\([^)]*\)\s*(?::\s*Unit\s*)?=?\s*\{", re.MULTILINE)
_DEFINED = re.compile(r"\bdef\s+(\w+)\s*\(")


class Scala(Java):
    """Scala 2.11 on OpenJDK."""

    name = "scala"
    title = "Scala"
    extension = ".scala"
    package = "scala openjdk-17-jdk-headless"
    fences = ("scala",)
    stop_tokens = ("\n    }\n",)
    cost = 1.0
    smoke = (
        "import scala.math._\nobject Problem {\n"
        "    def add(a : Long, b : Long) : Long = {\n        a + b\n",
        "    }\n    def main(args: Array[String]) = {\n"
        "    assert(add((1l), (2l)) == (3l));\n    }\n\n}\n",
    )

    def find(self) -> Toolchain | None:
        """A JDK and Scala's libraries."""
        commands = which("java", "javac")
        if commands is None or not all(map(os.path.exists, _COMPILER.split(":"))):
            return None
        version = os.path.basename(os.path.realpath(_LIBRARY)).removesuffix(".jar")
        return Toolchain({"java": os.path.realpath(commands["java"])}, version)

    def sandbox(self) -> SandboxSpec:
        """The JDK and its settings, and a warm compiler."""
        java = self.command("java")
        flags = ("-Xshare:auto", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx768m")
        source = "/judge/inside/ScalaCompiler.java"
        argv = (java, *flags, "-cp", _COMPILER, source, _LIBRARY)
        return SandboxSpec(
            read_only=jdk_paths(java),
            services={"scalac": ServiceSpec(argv)},
            extra_memory_mb=1280,
        )

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """The last method of the prompt."""
        return tuple(_DEFINED.findall(task.prompt)[-1:])

    def code_of_answer(self, task: Task, answer: str) -> str:
        """The answer as an object `Problem`, open where the tests close it."""
        code = shape.declarations(super(Java, self).code_of_answer(task, answer), self.name)
        return classes.fitted(
            code, prompt=task.prompt,
            entry="".join(self.entry_points(task)), own_main=_OWN_MAIN, holder="object",
            filler="def filler() {",
        )  # fmt: skip

    def judge(self, sandbox: Sandbox, program: Program, room: Room) -> Verdict:
        """Compile in the helper, then run."""
        name = fresh_name()

        def assertion(left: str, right: str | None) -> str:
            if right is not None:
                return f"{name}.check({name}.same({left}, {right}, true))"
            left, right = classes.sides_of_operator(left, "==")
            same = left if right is None else f"{name}.same({left}, {right}, false)"
            return f"{name}.check({same})"

        tests = _MAIN.sub(f"{name}_main", program.tests, count=1)
        tests = classes.with_assertions(tests, "assert", ".equals", assertion)
        source = f"{program.code}\n{tests}\n{_RUNNER.replace('JUDGE', name)}"
        request = base64.b64encode(source.encode("utf-8", "replace")).decode()
        start = time.monotonic()
        answer = ask_service(sandbox, "scalac", request, seconds=COMPILE_SECONDS)
        compiling = time.monotonic() - start
        if not answer["ok"]:
            output = base64.b64decode(answer["output"]).decode("utf-8", "replace")
            return Verdict(
                "Timeout" if answer.get("late") else "SyntaxError",
                1,
                stderr=output,
                seconds=compiling,
            )
        argv = (self.command("java"), *RUN_FLAGS, "-cp", f"{_LIBRARY}:.", name)
        plan = Plan(
            files={f"base64:{path}": data for path, data in answer["classes"].items()},
            steps=(Step("run", argv, stdin=f"{room.secret}\n{room.proof_path}\n"),),
        )
        verdict = self.run(sandbox, plan, room)
        return replace(verdict, seconds=verdict.seconds + compiling)


# As in Java: the secret is read before the program is loaded, and what the tests compare is taken
# apart by us, so that objects of the program have no say in whether they are equal.
_RUNNER = """
object JUDGE {
  def check(holds: _root_.scala.Boolean): _root_.scala.Unit =
    if (!holds) throw new _root_.java.lang.AssertionError("assertion failed")
  def same(
      a: _root_.scala.Any, b: _root_.scala.Any, strict: _root_.scala.Boolean
  ): _root_.scala.Boolean = {
    if (strict && a == null) throw new _root_.java.lang.NullPointerException
    b match {
      case y: _root_.scala.collection.Map[_, _] => a match {
        case x: _root_.scala.collection.Map[_, _] =>
          val known = new _root_.java.util.HashMap[_root_.scala.Any, _root_.scala.Any]
          x.foreach(p => known.put(p._1, p._2))
          known.size == y.size && y.forall(p =>
            known.containsKey(p._1) && same(known.get(p._1), p._2, false))
        case _ => false
      }
      case y: _root_.scala.collection.Seq[_] => a match {
        case x: _root_.scala.collection.Seq[_] =>
          val i = x.iterator
          val j = y.iterator
          while (i.hasNext && j.hasNext) if (!same(i.next, j.next, false)) return false
          !i.hasNext && !j.hasNext
        case _ => false
      }
      case _root_.scala.Some(y) => a match {
        case _root_.scala.Some(x) => same(x, y, false)
        case _ => false
      }
      case y: _root_.scala.Product if y.getClass.getName.startsWith("scala.Tuple") => a match {
        case x: _root_.scala.Product if x.getClass.getName.startsWith("scala.Tuple") =>
          x.productArity == y.productArity &&
            _root_.scala.Predef.intWrapper(0).until(y.productArity).forall(i =>
              same(x.productElement(i), y.productElement(i), false))
        case _ => false
      }
      case _ => if (strict && b != null) b.equals(a) else b == a
    }
  }
  def main(args: _root_.scala.Array[_root_.java.lang.String]): _root_.scala.Unit = {
    val in = new _root_.java.io.BufferedReader(
      new _root_.java.io.InputStreamReader(_root_.java.lang.System.`in`))
    val secret = in.readLine()
    val path = in.readLine()
    Problem.JUDGE_main(new _root_.scala.Array[_root_.java.lang.String](0))
    val out = new _root_.java.io.FileOutputStream(path)
    out.write(secret.getBytes("UTF-8"))
    out.close()
    _root_.java.lang.System.out.flush()
    _root_.java.lang.Runtime.getRuntime.halt(0)
  }
}
"""

LANGUAGE = Scala()
