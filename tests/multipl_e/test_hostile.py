"""Programs that attack the sandbox: none gets through, nothing stays, the next is judged well."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from multipl_e.executors import Executor
from multipl_e.languages import get_language
from multipl_e.records import Candidate, Task

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import hostile

CASES = [
    (language, attack)
    for language in hostile.hostile_languages()
    for attack in hostile.programs(language)[0]
]

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[hostile.Host]:
    with hostile.host(tmp_path_factory.mktemp("host")) as host:
        yield host


@pytest.mark.parametrize(("language", "attack"), CASES)
def test_an_attack_fails_and_the_next_program_is_judged_well(
    host: hostile.Host, language: str, attack: str
) -> None:
    if get_language(language).toolchain is None:
        pytest.skip(f"the toolchain of {language} is missing")
    outcome = hostile.outcome(host, language, attack)
    assert not outcome.escaped, outcome
    assert not outcome.leftover, outcome
    assert not outcome.harness_failed, (outcome, host.executor.failures)


def test_every_language_has_every_attack() -> None:
    assert len(hostile.hostile_languages()) >= 8
    for language in hostile.hostile_languages():
        assert hostile.programs(language)[0].keys() == hostile.ATTACKS.keys(), language


@pytest.mark.parametrize(
    ("attack", "status"), [("output_bomb", "OutputLimit"), ("memory_bomb", "OutOfMemory")]
)
def test_a_bomb_breaks_a_limit_of_its_own(host: hostile.Host, attack: str, status: str) -> None:
    verdict = hostile.judge(host, "py", attack, salt="#2\n")
    assert verdict is not None and verdict.status == status


@pytest.mark.parametrize("language", ["py", "js"])
@pytest.mark.parametrize("attack", ["network", "host_files", "host_write"])
def test_the_same_attack_gets_through_without_a_sandbox(
    tmp_path: Path, language: str, attack: str
) -> None:
    with hostile.host(tmp_path, isolation="none") as bare:
        verdict = hostile.judge(bare, language, attack)
    assert verdict is not None and verdict.status == "OK"


def test_nothing_runs_on_after_the_executor_is_closed() -> None:
    before = set(psutil.Process().children(recursive=True))
    task = Task("t", "py", "", "def check(f):\n    assert f()\n\ncheck(f)\n")
    broken = (task, Candidate("t", "py", "x = (", form="solution"))
    loops = [
        (task, Candidate("t", "py", f"def f():\n    while {n}: pass\n", form="solution"))
        for n in (1, 2)
    ]
    with Executor(workers=2, timeout=300) as executor:
        stream = executor.stream([broken, *loops])
        position, verdict = next(stream)
        assert (position, verdict and verdict.status) == (0, "SyntaxError")
        # A busy machine may be slow to start its sandboxes; only the closing is the point here.
        start = time.monotonic()
    assert time.monotonic() - start < 120, "closing must not wait for the loops"
    assert not set(psutil.Process().children(recursive=True)) - before
