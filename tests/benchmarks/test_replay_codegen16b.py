"""Parts of the replay benchmark that its conclusions stand on."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import replay_baselines
import replay_codegen16b as study
import replay_trunk

from multipl_e.records import Candidate, Task, Verdict

PASS, FAIL = Verdict("OK", 0), Verdict("Exception", 1)


def group(name: str, texts: list[tuple[str, bool]]) -> tuple[Task, list[tuple[Candidate, Verdict]]]:
    task = Task(name, "py", f"def {name}(x):\n", "")
    rows = [(Candidate(name, "py", text), PASS if good else FAIL) for text, good in texts]
    return task, rows


def function(source: str) -> replay_trunk.Function | None:
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.FunctionDef)
    return replay_trunk._render(node, source.split("\n"))


@pytest.mark.parametrize("seed", [0, 1])
def test_every_problem_is_held_out_exactly_once(seed: int) -> None:
    folds = study.folds_of(82, 5, seed)
    assert sorted(i for fold in folds for i in fold) == list(range(82))


def test_seeds_deal_other_folds() -> None:
    assert study.folds_of(82, 5, 0) != study.folds_of(82, 5, 1)


def test_equal_best_scores_share_the_pick() -> None:
    scores = [np.array([1.0, 1.0, 0.0]), np.array([0.0, 2.0])]
    labels = [np.array([1.0, 0.0, 1.0]), np.array([0.0, 1.0])]
    assert study.picks(scores, labels).tolist() == [0.5, 1.0]


def test_consensus_prefers_what_most_candidates_resemble() -> None:
    texts = ["return x + 1", "return x + 1 ", "return x + 2", "while True: pass"]
    (scores,) = replay_baselines.text_consensus([group("f", [(t, True) for t in texts])])
    assert scores.argmin() == 3
    assert scores.argmax() in (0, 1)


def test_consensus_bears_candidates_without_any_text() -> None:
    (scores,) = replay_baselines.text_consensus([group("f", [("", False), ("return 1", True)])])
    assert np.isfinite(scores).all()


def test_tfidf_learns_from_other_problems_and_never_from_its_own() -> None:
    right, wrong = [("return x", True)] * 5, [("pass", False)] * 5
    flipped = [(text, not good) for text, good in right + wrong]
    groups = [group("a", right + wrong), group("b", right + wrong), group("c", flipped)]
    scores = replay_baselines.cross_fitted_tfidf(groups, [[0], [1], [2]])
    assert scores[2][0] > scores[2][9]


def test_a_long_docstring_is_cut_and_the_function_still_parses() -> None:
    source = f'def f(x):\n    """First.\n\n    {"more " * 200}\n    """\n    return x\n'
    rendered = function(source)
    assert rendered is not None
    assert ast.parse(rendered.text)
    assert "First." in rendered.text and "more" not in rendered.text


@pytest.mark.parametrize(
    "source",
    [
        "def f(self, x):\n    for y in x:\n        return y\n",
        "def f(x):\n    for y in x:\n        print(y)\n",
        "def f(x): return x\n",
    ],
)
def test_methods_procedures_and_one_liners_are_left_out(source: str) -> None:
    assert function(source) is None


@pytest.mark.parametrize(
    ("body", "standalone"), [("sum(y for y in x)", True), ("helper(y for y in x)", False)]
)
def test_a_function_that_needs_only_builtins_stands_on_its_own(body: str, standalone: bool) -> None:
    rendered = function(f"def f(x):\n    z = {body}\n    return z\n")
    assert rendered is not None and rendered.standalone is standalone


def test_the_tokenizer_gives_every_text_back() -> None:
    text = "def f(x):\n    y = 'é ☃' * 1024\n\n\treturn  y\n"
    tokenizer = replay_trunk.train_tokenizer([text] * 3, 300)
    ids = tokenizer(text)["input_ids"]
    assert tokenizer.decode(ids) == text


def test_the_tokenizer_splits_numbers_into_digits() -> None:
    tokenizer = replay_trunk.train_tokenizer(["x = 1024\n"] * 50, 300)
    digits = list(tokenizer.tokenize("1024"))
    assert digits == ["1", "0", "2", "4"]
