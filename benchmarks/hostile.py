"""Run the programs that attack the sandbox (tests/multipl_e/hostile_programs); count what got out.

python benchmarks/hostile.py [--languages py js …]
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import runpy
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from machine import provenance

from multipl_e.executors import Executor, Isolation, check_isolation
from multipl_e.files import write_json
from multipl_e.languages import get_language
from multipl_e.records import Candidate, Task, Verdict

RESULTS = Path(__file__).parent / "results"
FOLDER = Path(__file__).resolve().parents[1] / "tests" / "multipl_e" / "hostile_programs"
VARIABLE = "JUDGE_HOST_SECRET"
MARKER = f"judge-hostile-marker-{os.getpid()}"  # others may do the same at the same time

# Each program defines a function `attack` that returns true only if the attack got through, and
# the tests demand true: a verdict of OK means that the sandbox leaks. `{port}` in it is a port that
# listens on the host, `{secret}` a file and `{folder}` a writable folder of the host, `{marker}` a
# word that no other process has for its name; VARIABLE is in the host's environment.
ATTACKS = {
    "fork_bomb": "start more processes than any limit allows",
    "memory_bomb": "use 8 GiB of memory",
    "disk_bomb": "write 2 GiB",
    "output_bomb": "print 256 MiB",
    "network": "connect to a port of the host",
    "host_files": "read a file of the host",
    "host_write": "write to a folder of the host or to the toolchain",
    "environment": "read the host's environment",
    "parent_kill": "kill the processes that judge",
    "symlink": "reach a file of the host through a link",
    "ptrace": "look into another process's memory, or set its limits",
    "privileges": "become root, mount something, or make a user namespace",
    "daemon": "leave a process behind",
    "leftovers": "leave files for the next program",
    "find_leftovers": "find files that another program left",
}
# These end well without having done harm: what counts is what they leave behind.
MAY_PASS = {"daemon", "leftovers"}


@dataclass(frozen=True)
class Host:
    """What an attack could reach for."""

    executor: Executor
    secret: Path
    folder: Path
    port: int


@dataclass(frozen=True)
class Outcome:
    """What came of an attack.

    Attributes:
        verdict: On the attacker; None if the harness broke.
        escaped: It got what it wanted, or wrote to the host.
        leftover: It left a process or a file behind.
        harness_failed: There was no verdict on it, or the next honest program was not OK.
    """

    verdict: Verdict | None
    escaped: bool
    leftover: bool
    harness_failed: bool


@functools.cache
def programs(language: str) -> tuple[dict[str, str], str]:
    """A language's attacks by name, and the tests that demand that they get through."""
    module = runpy.run_path(str(FOLDER / f"{language}.py"))
    return module["PROGRAMS"], module["TESTS"]


def hostile_languages() -> list[str]:
    """Languages that have attacks."""
    return sorted(path.stem for path in FOLDER.glob("*.py"))


@contextlib.contextmanager
def host(
    folder: Path, *, isolation: Isolation = "bubblewrap", timeout: float = 10.0
) -> Iterator[Host]:
    """A host with a secret file, a writable folder, a listening port and a secret variable."""
    folder.chmod(0o777)
    secret = folder / "secret.txt"
    secret.write_text("secret")
    before = os.environ.get(VARIABLE)  # hosts may be nested
    os.environ[VARIABLE] = "secret"
    try:
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            Executor(workers=1, timeout=timeout, isolation=isolation) as executor,
        ):
            yield Host(executor, secret, folder, listener.getsockname()[1])
    finally:
        if before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = before


def judge(host: Host, language: str, attack: str, salt: str = "") -> Verdict | None:
    """The verdict on an attack."""
    table, tests = programs(language)
    code = table[attack]
    for word in ("port", "secret", "folder"):
        code = code.replace("{" + word + "}", str(getattr(host, word)))
    return _judge(host, language, code.replace("{marker}", MARKER) + salt, tests)


def outcome(host: Host, language: str, attack: str) -> Outcome:
    """Attack, look at what is left, then judge an honest program."""
    if attack == "find_leftovers":
        judge(host, language, "leftovers")
    verdict = judge(host, language, attack)
    got_through = verdict is not None and verdict.passed and attack not in MAY_PASS
    wrote = {path.name for path in host.folder.iterdir()} != {host.secret.name}
    left = bool(marked_processes()) or (attack == "find_leftovers" and got_through)
    solution, tests = get_language(language).smoke
    comment = f"\n{get_language(language).comment} after {attack}\n"
    after = _judge(host, language, solution + comment, tests)
    failed = verdict is None or after is None or not after.passed
    return Outcome(verdict, got_through or wrote, left, failed)


def _judge(host: Host, language: str, code: str, tests: str) -> Verdict | None:
    task = Task("attack", language, "", tests)
    (verdict,) = host.executor.judge([(task, Candidate("attack", language, code, form="solution"))])
    return verdict


def marked_processes() -> list[int]:
    """Processes of the whole machine that go by the marker's name."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or [""]
        if words[0] == MARKER:
            found.append(process.pid)
    return found


def main() -> None:
    """All attacks in all languages; counts per language."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--languages", nargs="+", default=hostile_languages())
    options = parser.parse_args()
    table: dict[str, Any] = {}
    for language in options.languages:
        with tempfile.TemporaryDirectory() as folder, host(Path(folder)) as victim:
            outcomes = {a: outcome(victim, language, a) for a in programs(language)[0]}
        table[language] = {
            "attacks": len(outcomes),
            "escapes": [a for a, o in outcomes.items() if o.escaped],
            "leftovers": [a for a, o in outcomes.items() if o.leftover],
            "harness_failures": [a for a, o in outcomes.items() if o.harness_failed],
            "statuses": {a: o.verdict.status if o.verdict else None for a, o in outcomes.items()},
        }
        print(language, {k: v for k, v in table[language].items() if k != "statuses"}, flush=True)
    counts = ("escapes", "leftovers", "harness_failures")
    result = {
        **provenance(),
        "isolation": check_isolation("bubblewrap"),
        "attacks": ATTACKS,
        "num_attacks": sum(row["attacks"] for row in table.values()),
        **{f"num_{key}": sum(len(row[key]) for row in table.values()) for key in counts},
        "languages": table,
    }
    write_json(RESULTS / "hostile.json", result)


if __name__ == "__main__":
    main()
