"""Mistakes made on purpose: they change the text, parse, vary, and repeat with the seed."""

from __future__ import annotations

import ast
import json
import subprocess
from random import Random
from shutil import which

import pytest

from generator.mutate import mutate
from multipl_e.records import Task

PYTHON = """\
    total = 0
    for x in xs:
        if x > 0 and x % 2 == 0:
            total += x
    return total"""

JAVASCRIPT = """\
  let total = 0;
  for (const x of xs) {
    if (x > 0 && x % 2 === 0) {
      total += x;
    }
  }
  return total;
}"""


@pytest.mark.parametrize(("language", "code"), [("py", PYTHON), ("js", JAVASCRIPT)])
def test_mutants_differ_and_repeat_with_the_seed(language: str, code: str) -> None:
    first = [mutate(code, Random(seed), language=language) for seed in range(50)]
    again = [mutate(code, Random(seed), language=language) for seed in range(50)]
    assert first == again
    assert code not in first and None not in first


@pytest.mark.parametrize(("language", "code"), [("py", PYTHON), ("js", JAVASCRIPT)])
def test_mistakes_are_of_many_kinds(language: str, code: str) -> None:
    mutants = {mutate(code, Random(seed), language=language) for seed in range(300)}
    assert len(mutants) > 25


def test_python_mutants_of_katas_parse(katas: list[Task]) -> None:
    rng = Random(1)
    for task in katas:
        if task.language == "py":
            assert task.canonical_solution is not None
            for number in (1, 2, 3):
                mutant = mutate(task.canonical_solution, rng, language="py", num_mistakes=number)
                assert mutant is not None
                ast.parse(task.prompt + mutant)


def test_javascript_mutants_keep_their_brackets(katas: list[Task]) -> None:
    rng = Random(1)
    num_mutants = 0
    for task in katas:
        solution = task.canonical_solution
        if task.language != "js" or solution is None:
            continue
        mutant = mutate(solution, rng, language="js", num_mistakes=2)
        if mutant is None:
            continue
        num_mutants += 1
        for opening, closing in ("{}", "()", "[]"):
            excess = solution.count(opening) - solution.count(closing)
            assert mutant.count(opening) - mutant.count(closing) == excess
    assert num_mutants >= 30


@pytest.mark.slow
def test_nearly_all_javascript_mutants_parse(katas: list[Task]) -> None:
    if which("node") is None:
        pytest.skip("needs the toolchain of JavaScript (node)")
    rng = Random(2)
    programs = [
        task.prompt + str(mutate(task.canonical_solution or "", rng, language="js"))
        for task in katas
        if task.language == "js"
    ]
    script = (
        "const fs=require('fs');let n=0;for(const s of JSON.parse(fs.readFileSync(0)))"
        "{try{new Function(s);n++}catch(e){}}console.log(n)"
    )
    done = subprocess.run(
        ["node", "-e", script],
        input=json.dumps(programs),
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) >= 0.9 * len(programs)


def test_most_mutants_are_wrong() -> None:
    def behaviour(body: str) -> object:
        scope: dict[str, object] = {}
        exec(f"def f(xs):\n{body}", scope)
        try:
            return [scope["f"](xs) for xs in ([], [2, 4, -2, 3], [0, 1, 6], [7])]  # type: ignore[operator]
        except Exception as error:
            return type(error)

    right = behaviour(PYTHON)
    mutants = [mutate(PYTHON, Random(seed), language="py") for seed in range(100)]
    wrong = sum(behaviour(mutant) != right for mutant in mutants if mutant is not None)
    assert wrong > 70


def test_code_without_a_place_for_a_mistake_has_no_mutant() -> None:
    assert mutate("    pass", Random(0), language="py") is None
