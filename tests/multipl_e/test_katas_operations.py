"""Each operation: its blocks in every style and language agree with its reference."""

from __future__ import annotations

import copy
import json
import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from multipl_e.sources.katas import OPERATIONS, Kata, Step, render
from multipl_e.sources.katas.inputs import draw, edges, small
from multipl_e.sources.katas.operations import Operation

NUM_RANDOM_INPUTS = 12


def inputs_of(operation: Operation, parameter: Any) -> list[Any]:
    rng = random.Random(f"{operation.name}/{parameter}")
    drawn = [draw(operation.source, rng, [parameter]) for _ in range(NUM_RANDOM_INPUTS)]
    values = [*edges(operation.source), *drawn]
    if operation.limit is not None:
        values = [value for value in values if abs(value) <= operation.limit]
    return values


def single_katas(operation: Operation) -> Iterator[Kata]:
    """The operation alone, with each parameter in each style, tested on many inputs."""
    for parameter in operation.parameters or (None,):
        step = Step(operation, parameter)
        cases = tuple((value, step.apply(value)) for value in inputs_of(operation, parameter))
        for style in range(len(operation.styles)):
            name = f"{operation.name}_{parameter}_{style}"
            yield Kata(name, (step,), cases[-1:], cases, style)


def test_there_are_enough_operations_of_every_kind() -> None:
    assert len(OPERATIONS) >= 52
    assert 10 <= sum(operation.novel for operation in OPERATIONS.values()) <= 16
    for kind in ("int", "ints", "str", "strs"):
        of_kind = [o for o in OPERATIONS.values() if o.source == kind]
        assert any(o.novel for o in of_kind)
        assert any(o.target == kind for o in of_kind)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda o: o.name)
def test_operation_is_well_formed(operation: Operation) -> None:
    assert operation.name.isidentifier()
    assert len(set(operation.phrases)) >= 3
    assert len(set(operation.styles)) >= 2
    assert all(bool(operation.parameters) == ("{k}" in phrase) for phrase in operation.phrases)
    uses_parameter = [re.search(r"\bK\b", style) is not None for style in operation.styles]
    assert uses_parameter == [bool(operation.parameters)] * len(operation.styles)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda o: o.name)
def test_reference_leaves_its_input_alone(operation: Operation) -> None:
    for parameter in operation.parameters or (None,):
        for value in inputs_of(operation, parameter):
            before = copy.deepcopy(value)
            operation.reference(value, parameter)
            assert value == before


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda o: o.name)
def test_python_blocks_agree_with_the_reference(operation: Operation) -> None:
    for kata in single_katas(operation):
        task = render(kata, "py")
        namespace: dict[str, Any] = {}
        exec(f"{task.prompt}{task.canonical_solution}\n{task.tests}", namespace)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_javascript_blocks_agree_with_the_reference() -> None:
    tasks = [render(k, "js") for o in OPERATIONS.values() for k in single_katas(o)]
    programs = {t.name: f"{t.prompt}{t.canonical_solution}\n{t.tests}" for t in tasks}
    assert failing_javascript(programs) == []


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_a_wrong_javascript_program_is_noticed() -> None:
    operation = OPERATIONS["keep_even"]
    task = render(next(single_katas(operation)), "js")
    wrong = f"{task.prompt}  return xs;\n}}\n{task.tests}"
    assert failing_javascript({"wrong": wrong}) == ["wrong"]


def failing_javascript(programs: dict[str, str]) -> list[str]:
    """Names of the programs that throw, all run in one node process."""
    runner = """
        const programs = JSON.parse(require('fs').readFileSync(process.argv[1]));
        const failing = [];
        for (const [name, program] of Object.entries(programs)) {
          try { new Function('require', program)(require); } catch { failing.push(name); }
        }
        console.log(JSON.stringify(failing));
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "programs.json")
        file.write_text(json.dumps(programs))
        done = subprocess.run(
            ["node", "-e", runner, str(file)], capture_output=True, check=True, timeout=60
        )
    names: list[str] = json.loads(done.stdout)
    return names


def test_small_bounds_what_a_case_may_hold() -> None:
    assert small(99_999) and small([1, -5]) and small("abc") and small(["a", "b"])
    assert not small(100_001)
    assert not small([1] * 25)
    assert not small([10**6])
    assert not small("a" * 25)
    assert not small(["a" * 25])
