"""What MultiPL-E's evaluators do with a program: write a file, compile it, run it, no isolation.

One plain subprocess a step, read while it runs. In many languages the original looks only every
0.1 s whether a step has ended; how long it would have waited is reckoned beside the plain time.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

# Languages whose evaluator polls, and how often.
_POLLED = ("py", "cpp", "java", "ts", "php", "lua", "pl", "sh", "rkt", "d", "scala")
_POLL_SECONDS = 0.1
RUN_SECONDS = 15.0
COMPILE_SECONDS = 120.0
_TUPLES = "/usr/share/java/javatuples.jar"
_TYPESCRIPT = Path(os.environ.get("MULTIPL_E_PREFIX", "/opt/multipl-e"), "node_modules")

# File name and commands (all but the last compile) by language.
PROCEDURES: dict[str, tuple[str, list[list[str]]]] = {
    "py": ("program.py", [[os.path.realpath(sys.executable), "program.py"]]),
    "js": ("program.js", [["node", "program.js"]]),
    "ts": (
        "program.ts",
        [
            ["node", str(_TYPESCRIPT / "typescript/bin/tsc"), "--target", "esnext", "program.ts"],
            ["node", "program.js"],
        ],
    ),
    "java": (
        "Problem.java",
        [
            ["javac", "-encoding", "UTF8", "-cp", _TUPLES, "-d", ".", "Problem.java"],
            ["java", "-ea", "-cp", f".:{_TUPLES}", "Problem"],
        ],
    ),
    "cpp": ("program.cpp", [["g++", "program.cpp", "-o", "program", "-std=c++17"], ["./program"]]),
    "cs": (
        "program.cs",
        [
            ["mcs", "-d:DEBUG", "-r:System.Numerics.dll", "program.cs", "-out:program.exe"],
            ["mono", "program.exe"],
        ],
    ),
    "go": ("program_test.go", [["go", "test", "program_test.go"]]),
    "rs": ("program.rs", [["rustc", "program.rs", "-o", "program"], ["./program"]]),
    "d": ("program.d", [["ldmd2", "-unittest", "-of=program", "program.d"], ["./program"]]),
    "scala": (
        "program.scala",
        [["scalac", "-d", ".", "program.scala"], ["scala", "-cp", ".", "Problem"]],
    ),
    "php": ("program.php", [["php", "program.php"]]),
    "rb": ("program.rb", [["ruby", "program.rb"]]),
    "pl": ("program.pl", [["perl", "program.pl"]]),
    "lua": ("program.lua", [["lua5.4", "program.lua"]]),
    "sh": ("program.sh", [["bash", "program.sh"]]),
    "r": ("program.r", [["Rscript", "program.r"]]),
    "rkt": ("program.rkt", [["racket", "program.rkt"]]),
    "hs": ("program.hs", [["runghc", "program.hs"]]),
    "ml": ("program.ml", [["ocaml", "program.ml"]]),
    "elixir": ("program.exs", [["elixir", "program.exs"]]),
    "clj": ("program.clj", [["clojure", "program.clj"]]),
    "adb": (
        "program.adb",
        [["gnatchop", "-w", "program.adb"], ["gnatmake", "-gnatW8", "main.adb"], ["./main"]],
    ),
}
_ENVIRONMENT = {"GO111MODULE": "off", "GOFLAGS": "-vet=off", "MONO_TRACE_LISTENER": "Console.Error"}


@dataclass(frozen=True)
class Timing:
    """Wall seconds of all steps, of the last (the bare run), and with the original's waiting."""

    seconds: float
    run_seconds: float
    seconds_with_waiting: float


def carry_out(language: str, program: str) -> Timing:
    """Judge one program the way MultiPL-E does."""
    name, commands = PROCEDURES[language]
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        Path(folder, name).write_text(program, errors="surrogatepass")
        run = waited = 0.0
        for command in commands:
            last = command is commands[-1]
            began = time.monotonic()
            try:
                done = subprocess.run(
                    command,
                    cwd=folder,
                    env=os.environ | _ENVIRONMENT,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=RUN_SECONDS if last else COMPILE_SECONDS,
                )
            except subprocess.TimeoutExpired:
                waited += time.monotonic() - began
                break
            took = time.monotonic() - began
            polled = language in _POLLED
            waited += math.ceil(took / _POLL_SECONDS) * _POLL_SECONDS if polled else took
            if last:
                run = took
            elif done.returncode != 0:
                break
        return Timing(time.monotonic() - start, run, waited)
