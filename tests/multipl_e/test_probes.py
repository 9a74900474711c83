from __future__ import annotations

import pytest

from multipl_e.executors import Executor
from multipl_e.probes import (
    Probed,
    WrittenTest,
    ask,
    calls_of,
    inputs_of,
    run_public_tests,
    written_tests,
)
from multipl_e.records import Candidate, Task

TASK = Task("t", "py", "def f(x):\n", "", public_tests="assert f(1) == 2\nassert f(2) == 3\n")


def candidates(*texts: str) -> list[Candidate]:
    return [Candidate("t", "py", text, i) for i, text in enumerate(texts)]


@pytest.fixture(scope="module")
def executor():
    with Executor(workers=1, timeout=10.0) as running:
        yield running


@pytest.mark.parametrize(
    "sample",
    [
        "f(1) == __import__('os').system('true')",
        "f(open('x').read()) == 1",
        "f(1).__class__ == int",
        "f(9 ** 9 ** 9) == 1",
        "f('a' * 10 ** 9) == 1",
        "f([0] * 1000 * 1000) == 1",
        "f(x) == 1",
        "1 == 1",
        "f(1 ==",
        "(lambda: f(1))() == 1",
    ],
)
def test_texts_that_may_not_run_are_no_tests(sample: str):
    assert written_tests([sample], "f") == []


def test_the_first_assertions_of_each_sample_count_once_whatever_their_spacing():
    samples = [
        "f(1) == 2, 'why'\nassert \tf( 2 ) == 3\nassert f(3) == 4\n\ndef g(): pass",
        "f(1)==2\nassert f(1) == 2\n",
    ]
    assert written_tests(samples, "f", most_per_sample=2) == [
        WrittenTest("assert f(1) == 2", 2),
        WrittenTest("assert f(2) == 3", 1),
    ]


def test_calls_are_inputs_without_what_is_expected():
    tests = "def check(candidate):\n    assert candidate([1], k=2) == f(y) == 3\n"
    assert calls_of(tests, "f") == ["f([1], k=2)"]
    assert calls_of("not python(", "f") == []


def test_inputs_start_with_public_tests_and_vary_them():
    inputs = inputs_of(TASK, [WrittenTest("assert f(7) == 8", 3)], "f", most=12)
    assert inputs[:3] == ["f(1)", "f(2)", "f(7)"]
    assert len(set(inputs)) == len(inputs) == 12
    assert inputs == inputs_of(TASK, [WrittenTest("assert f(7) == 8", 3)], "f", most=12)


def test_every_probe_is_answered_by_every_candidate(executor: Executor):
    found = candidates("    return x + 1\n", "    return [x, {2, 1}]\n", "    raise ValueError\n")
    group = Probed(TASK, found, ["assert f(1) == 2", "assert f(1) == 3"], ["f(1)", "f(2)"])
    (answers,) = ask(executor, [group])
    assert answers.held.tolist() == [[True, False], [False, False], [False, False]]
    assert answers.values[2] == [None, None]
    assert len({value for row in answers.values[:2] for value in row}) == 4


def test_equal_values_have_equal_digests(executor: Executor):
    found = candidates(
        "    return {'a': 1, 'b': {3, 10}}\n",
        "    return dict([('b', {10, 3}), ('a', True)])\n",
        "    return {'a': 1.0, 'b': frozenset((3, 10))}\n",
        "    return {'a': 1, 'b': [3, 10]}\n",
    )
    (answers,) = ask(executor, [Probed(TASK, found, (), ["f(0)"])])
    digests = [row[0] for row in answers.values]
    assert digests[0] == digests[1] == digests[2] != digests[3]


def test_a_call_that_never_ends_costs_only_its_own_answer(executor: Executor):
    found = candidates("    while x == 2:\n        pass\n    return x + 1\n")
    tests = ["assert f(1) == 2", "assert f(2) == 3", "assert f(3) == 4"]
    (answers,) = ask(executor, [Probed(TASK, found, tests)])
    assert answers.held.tolist() == [[True, False, True]]


def test_a_candidate_cannot_print_answers(executor: Executor):
    found = candidates("    print('+\\n' * 50)\n    return 0\n", "    print('+')\n    exit(0)\n")
    (answers,) = ask(executor, [Probed(TASK, found, ["assert f(1) == 2", "assert f(2) == 3"])])
    assert not answers.held.any()


def test_what_does_not_parse_answers_nothing(executor: Executor):
    (answers,) = ask(
        executor, [Probed(TASK, candidates("    return ("), ["assert f(1)"], ["f(1)"])]
    )
    assert not answers.held.any() and answers.values == [[None]]


def test_public_tests_are_run_where_there_are_any(executor: Executor):
    found = candidates("    return x + 1\n", "    return 2\n")
    without = Task("u", "py", "def f(x):\n", "assert f(1) == 2")
    assert run_public_tests(executor, [(TASK, found), (without, found)]) == [[True, False], None]


def test_other_languages_run_one_program_for_each_test(executor: Executor):
    task = Task("t", "sh", "f() {\n", "")
    found = [Candidate("t", "sh", "    echo $1\n")]
    test = "}\ncandidate() { f $1; }\nset -e\nrun_test() { [[ $(candidate 3) = %s ]]; }\nrun_test"
    (answers,) = ask(executor, [Probed(task, found, [test % "3", test % "4"], ["f 3"])])
    assert answers.held.tolist() == [[True, False]]
    assert answers.values == [[None]]
