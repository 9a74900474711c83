"""Generated katas: right, discriminating, split by composition, the same everywhere."""

from __future__ import annotations

import ast
import dataclasses
import doctest
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from multipl_e.errors import UserError
from multipl_e.records import Split, Task
from multipl_e.sources.katas import (
    OPERATIONS,
    Kata,
    composition,
    generate_katas,
    iter_katas,
    render,
    split_of,
)

SPLITS: tuple[Split, ...] = ("train", "valid", "test")


@pytest.fixture(scope="module")
def katas() -> list[Kata]:
    return list(islice(iter_katas(5, split=None, depths=(1, 2, 3, 4)), 600))


def passes(task: Task, solution: str | None, tests: str | None = None) -> bool:
    """Whether our own Python `solution` passes the tests."""
    try:
        exec(f"{task.prompt}{solution}\n{tests or task.tests}", {})
    except Exception:
        return False
    return True


def test_canonical_solutions_pass_in_python_in_every_style(katas: list[Kata]) -> None:
    for kata in katas:
        for style in range(3):
            task = render(kata.variant(style=style), "py")
            assert passes(task, task.canonical_solution), task.prompt
            assert passes(task, task.canonical_solution, task.public_tests), task.prompt


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_canonical_solutions_pass_in_javascript_in_every_style(katas: list[Kata]) -> None:
    tasks = [render(kata.variant(style=style), "js") for kata in katas for style in range(3)]
    programs = [f"{t.prompt}{t.canonical_solution}\n{t.tests}" for t in tasks]
    runner = """
        const programs = JSON.parse(require('fs').readFileSync(process.argv[1]));
        for (const program of programs) {
          try { new Function('require', program)(require); }
          catch (error) { console.log(program + error); process.exit(1); }
        }
        console.log(programs.length);
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "programs.json")
        file.write_text(json.dumps(programs))
        done = subprocess.run(
            ["node", "-e", runner, str(file)], capture_output=True, text=True, timeout=60
        )
    assert done.stdout.strip() == str(len(programs))


def test_dropping_any_step_fails_the_tests(katas: list[Kata]) -> None:
    dropped = 0
    for kata in katas:
        task = render(kata, "py")
        for i, step in enumerate(kata.steps):
            rest = kata.steps[:i] + kata.steps[i + 1 :]
            if step.operation.source != step.operation.target or not rest:
                continue
            mutant = render(dataclasses.replace(kata, steps=rest), "py")
            assert not passes(task, mutant.canonical_solution), task.prompt
            dropped += 1
    assert dropped > 300


def test_returning_the_input_or_a_constant_fails_the_tests(katas: list[Kata]) -> None:
    for kata in katas:
        task = render(kata, "py")
        name = task.prompt.split("(", 1)[1].split(":", 1)[0]
        assert not passes(task, f"    return {name}")
        assert not passes(task, f"    return {kata.tests[0][1]!r}")


def test_six_or_more_hidden_tests_and_none_is_shown(katas: list[Kata]) -> None:
    for kata in katas:
        hidden = [value for value, _ in kata.tests]
        assert len(hidden) >= 6
        assert len({repr(value) for value in hidden}) == len(hidden)
        assert 1 <= len(kata.examples) <= 2
        assert all(value not in hidden for value, _ in kata.examples)


def test_tests_hold_edge_inputs(katas: list[Kata]) -> None:
    lists = [k for k in katas if k.steps[0].operation.source == "ints"]
    values = [value for kata in lists for value, _ in kata.tests]
    assert [] in values
    assert any(len(v) == 1 for v in values)
    assert any(min(v, default=0) < 0 for v in values)
    assert any(0 in v for v in values)
    assert any(len(set(v)) < len(v) for v in values)


def test_the_examples_are_shown_in_both_languages(katas: list[Kata]) -> None:
    for kata in katas:
        for value, expected in kata.examples:
            shown = f">>> solve({json.dumps(value)})"
            assert f"    {shown}\n    {expected!r}\n" in render(kata, "py").prompt
            assert f"// {shown}\n// {json.dumps(expected)}\n" in render(kata, "js").prompt


def test_python_prompts_are_true_doctests(katas: list[Kata]) -> None:
    for kata in katas[:100]:
        task = render(kata, "py")
        namespace: dict[str, Any] = {}
        exec(f"{task.prompt}{task.canonical_solution}\n", namespace)
        (test,) = doctest.DocTestFinder().find(namespace["solve"], "solve", globs=namespace)
        assert doctest.DocTestRunner(verbose=False).run(test).failed == 0


def test_most_solutions_hold_a_conditional_or_a_loop(katas: list[Kata]) -> None:
    branching = (ast.If, ast.For, ast.While)
    holding = [
        any(isinstance(n, branching) for n in ast.walk(ast.parse(t.prompt + t.canonical_solution)))
        for t in (render(kata, "py") for kata in katas)
        if t.canonical_solution is not None
    ]
    assert sum(holding) > 0.9 * len(holding) > 0


def test_rows_have_the_form_of_multipl_e(katas: list[Kata]) -> None:
    python, javascript = render(katas[0], "py"), render(katas[0], "js")
    assert python.name == javascript.name
    assert python.name.startswith("Kata_")
    assert python.stop_tokens == ("\ndef", "\n#", "\nif", "\nclass")
    assert python.tests.startswith("def check(candidate):\n    assert candidate(")
    assert python.tests.endswith("def test_check():\n    check(solve)\n\ntest_check()\n")
    assert javascript.stop_tokens == ("\nfunction ", "\n/*", "\n//", "\nconsole.log")
    assert javascript.tests.startswith("const assert = require('node:assert');\n\n\nfunction test")
    assert javascript.tests.endswith("}\n\ntest();")
    assert javascript.canonical_solution is not None
    assert javascript.canonical_solution.endswith("\n}")


def test_no_stop_token_cuts_a_canonical_solution(katas: list[Kata]) -> None:
    for kata in katas:
        for task in (render(kata, "py"), render(kata, "js")):
            assert not any(stop in f"\n{task.canonical_solution}" for stop in task.stop_tokens)


def test_prompts_and_solutions_are_short(katas: list[Kata]) -> None:
    tasks = [render(kata, "py") for kata in katas]
    assert sum(len(task.prompt) for task in tasks) / len(tasks) < 200
    assert sum(len(task.canonical_solution or "") for task in tasks) / len(tasks) < 350


def test_splits_share_no_composition() -> None:
    found = {
        split: {composition(t) for t in generate_katas(seed=seed, split=split, num_tasks=200)}
        for seed, split in enumerate(SPLITS)
    }
    assert found["train"].isdisjoint(found["test"] | found["valid"])
    assert found["valid"].isdisjoint(found["test"])
    for split, compositions in found.items():
        assert {split_of(c) for c in compositions} == {split}


def test_splits_have_their_shares() -> None:
    pairs = [(a, b) for a in OPERATIONS for b in OPERATIONS]
    shares = {s: sum(split_of(pair) == s for pair in pairs) / len(pairs) for s in SPLITS}
    assert shares == pytest.approx({"train": 0.70, "valid": 0.10, "test": 0.20}, abs=0.02)


def test_single_operations_belong_to_train() -> None:
    assert all(split_of((name,)) == "train" for name in OPERATIONS)


def test_every_operation_is_reached() -> None:
    katas = islice(iter_katas(0, split="train", with_tests=False), 3000)
    assert {name for kata in katas for name in kata.composition} == set(OPERATIONS)


def test_difficulty_follows_depth(katas: list[Kata]) -> None:
    levels = {(kata.depth, kata.difficulty) for kata in katas}
    assert levels == {
        (1, "introductory"), (2, "interview"), (3, "competition"), (4, "competition"),
    }  # fmt: skip


def test_core_and_novel_katas_hold_what_they_say() -> None:
    core = generate_katas(seed=1, split="train", num_tasks=60, operations="core")
    novel = generate_katas(seed=1, split="train", num_tasks=60, operations="novel")
    assert not any(OPERATIONS[name].novel for task in core for name in composition(task))
    assert all(any(OPERATIONS[name].novel for name in composition(task)) for task in novel)
    assert not any(task.extra["novel"] for task in core)
    assert all(task.extra["novel"] for task in novel)


def test_novel_share_is_met() -> None:
    tasks = generate_katas(seed=2, split="test", languages=["py"], num_tasks=300, novel_share=0.5)
    share = sum(task.extra["novel"] for task in tasks) / len(tasks)
    assert share == pytest.approx(0.5, abs=0.1)


def test_names_are_unique_and_chains_seldom_repeat() -> None:
    katas = list(islice(iter_katas(4), 800))
    assert len({kata.name for kata in katas}) == len(katas)
    deep = [kata for kata in katas if kata.depth > 1]
    chains = {tuple((s.operation.name, s.parameter) for s in kata.steps) for kata in deep}
    assert len(chains) == len(deep)


def test_a_longer_list_begins_with_the_shorter_one() -> None:
    short = generate_katas(seed=3, split="test", num_tasks=5)
    assert generate_katas(seed=3, split="test", num_tasks=12)[: len(short)] == short


def test_seeds_differ() -> None:
    first, second = (generate_katas(seed=s, split="test", num_tasks=20) for s in (0, 1))
    assert {t.name for t in first}.isdisjoint(t.name for t in second)


def test_languages_stand_side_by_side_or_alternate() -> None:
    both = generate_katas(seed=6, split="valid", num_tasks=4)
    assert [task.language for task in both] == ["py", "js"] * 4
    assert [t.name for t in both[::2]] == [t.name for t in both[1::2]]
    each = generate_katas(seed=6, split="valid", num_tasks=4, alternate_languages=True)
    assert [task.language for task in each] == ["py", "js"] * 2
    assert [t.name for t in each] == [t.name for t in both[::2]]


def test_variants_keep_name_and_tests_and_change_code_or_words(katas: list[Kata]) -> None:
    deep = next(kata for kata in katas if kata.depth == 3)
    tasks = [render(deep.variant(style=s, phrase=p), "py") for s in range(3) for p in range(3)]
    assert len({task.name for task in tasks}) == len({task.tests for task in tasks}) == 1
    assert len({task.prompt for task in tasks}) == 3
    assert len({task.canonical_solution for task in tasks}) >= 2


def test_corpora_may_go_without_tests() -> None:
    kata = next(iter_katas(0, with_tests=False))
    task = render(kata, "py")
    assert task.tests == "" and kata.tests == ()
    assert passes(task, task.canonical_solution, task.public_tests)


def test_the_same_katas_in_every_process() -> None:
    code = (
        "import hashlib; from multipl_e.sources.katas import generate_katas as g;"
        "print(hashlib.sha256(repr(g(seed=9, split='test', num_tasks=30)).encode()).hexdigest())"
    )
    here = repr(generate_katas(seed=9, split="test", num_tasks=30))
    expected = hashlib.sha256(here.encode()).hexdigest()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.getcwd()}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "test", "depths": (1,)}, "split train"),
        ({"split": "test", "depths": (5,)}, "1 to 4 steps"),
        ({"split": "dev"}, "train, valid and test"),
        ({"split": "test", "operations": "old"}, "core, novel or all"),
        ({"split": "test", "languages": ("cobol",)}, "choose from py, js"),
        ({"split": "test", "languages": ()}, "no language"),
    ],
)
def test_impossible_requests_are_one_sentence(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        generate_katas(seed=0, num_tasks=1, **arguments)


def test_a_task_that_is_no_kata_has_no_composition() -> None:
    with pytest.raises(ValueError, match="no kata"):
        composition(Task("HumanEval_0", "py", "", ""))
