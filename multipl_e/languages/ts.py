"""TypeScript: a warm compiler checks the whole program, then it is judged as JavaScript."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

from multipl_e.languages.base import Program, Room, Toolchain, ask_service, first_line, which
from multipl_e.languages.javascript import JavaScript
from multipl_e.records import Verdict
from multipl_e.sandbox import Sandbox, SandboxSpec, ServiceSpec

COMPILE_SECONDS = 45.0


class TypeScript(JavaScript):
    """The TypeScript compiler and Node."""

    name = "ts"
    title = "TypeScript"
    aliases = ("typescript", "tsc")
    extension = ".ts"
    package = "nodejs and npm's typescript@5.9 (multipl_e/toolchains/install-debian.sh)"
    fences = ("typescript", "ts", "tsx")
    stop_tokens = ("\nfunction ", "\n/*", "\n//", "\nclass", "\nconsole.log")
    cost = 0.3
    smoke = (
        "function add(a: number, b: number): number {\n    return a + b;\n}\n",
        "declare var require: any;\nconst assert = require('node:assert');\nfunction test() {\n"
        "  let candidate = add;\n  assert.deepEqual(candidate(1, 2), 3);\n}\ntest();\n",
    )

    def find(self) -> Toolchain | None:
        """Node, and the folder of the compiler's package."""
        node, package = which("node"), _package()
        if node is None or package is None:
            return None
        version = json.loads((package / "package.json").read_text())["version"]
        running = first_line(node["node"], "--version")
        return Toolchain({**node, "typescript": str(package)}, f"{version} on Node {running}")

    def sandbox(self) -> SandboxSpec:
        """JavaScript's, and the compiler."""
        node, package = self.command("node"), self.command("typescript")
        javascript = super().sandbox()
        compiler = ServiceSpec(
            (node, "/judge/inside/typescript_compiler.js"), env={"TYPESCRIPT": package}
        )
        return replace(
            javascript,
            read_only=(*javascript.read_only, package),
            services={**javascript.services, "tsc": compiler},
            extra_memory_mb=javascript.extra_memory_mb + 768,
        )

    def judge(self, sandbox: Sandbox, program: Program, room: Room) -> Verdict:
        """Compile with the warm compiler, then run as JavaScript."""
        request = {"code": program.code, "tests": program.tests}
        start = time.monotonic()
        compiled = ask_service(sandbox, "tsc", request, seconds=COMPILE_SECONDS)
        compiling = time.monotonic() - start
        if not compiled["ok"]:
            return Verdict("SyntaxError", 1, stderr=compiled["output"], seconds=compiling)
        javascript = replace(program, code=compiled["code"], tests=compiled["tests"])
        verdict = super().judge(sandbox, javascript, room)
        verdict = replace(verdict, seconds=verdict.seconds + compiling)
        if verdict.executed_lines is None:
            return verdict
        # Lines of the JavaScript become lines of what it was made from.
        source = compiled["lines"]
        lines = {source[n - 1] for n in verdict.executed_lines if n <= len(source)}
        return replace(verdict, executed_lines=tuple(sorted(lines - {0})))


def _package() -> Path | None:
    """The folder of the npm package: ours, that of a `tsc` on the path, or a global one."""
    prefix = Path(os.environ.get("MULTIPL_E_PREFIX", "/opt/multipl-e"))
    places = [prefix / "node_modules"]
    if tsc := shutil.which("tsc"):
        places.append(Path(tsc).resolve().parents[2])
    places += [Path(p) for p in ("/usr/local/lib/node_modules", "/usr/lib/node_modules")]
    places.append(Path("/usr/share/nodejs"))
    for place in places:
        folder = place / "typescript"
        if (folder / "lib" / "typescript.js").is_file():
            return folder.resolve()
    return None


LANGUAGE = TypeScript()
