"""The curriculum: where conditionals begin in every language, and how start points move."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.conditionals import CONDITIONALS, conditional_starts, prefix_before
from generator.curriculum import Curriculum, course_starts, num_courses, stride
from multipl_e.records import Task
from multipl_e.sources.katas import generate_katas
from multipl_e.syntax import GRAMMARS

# language -> a prompt, a solution, and the text at each of its conditional starts.
SAMPLES: dict[str, tuple[str, str, list[str]]] = {
    "adb": (
        "function F (X : Integer) return Integer is\nbegin\n",
        "   if X > 0 then\n      return 1;\n   elsif X < 0 then\n      return 2;\n   end if;\n"
        "   loop\n      exit when X > 1;\n   end loop;\n   while X > 1 loop\n      null;\n"
        "   end loop;\n   for I in 1 .. X loop\n      null;\n   end loop;\n"
        "   case X is\n      when others => null;\n   end case;\nend F;",
        ["if X", "elsif", "while", "for I", "case"],
    ),
    "clj": (
        "(defn f [x]\n",
        "  (if (> x 0)\n    (when x 1)\n    (cond (= x 1) 2 :else (case x 1 2))))",
        ["(if", "(when", "(cond", "(case"],
    ),
    "cpp": (
        "long f(long x) {\n",
        "    if (x > 0) {\n        return 1;\n    } else if (x < 0) {\n        x = 2;\n    }\n"
        "    for (int i = 0; i < x; i++) {}\n    for (auto c : s) {}\n    while (x) x--;\n"
        "    do { x++; } while (x < 3);\n    switch (x) { case 1: return 2; }\n"
        "    return x > 0 ? 1 : 2;\n",
        ["if (x > 0)", "if (x < 0)", "for (int", "for (auto", "while (x)", "do", "switch", "x > 0"],
    ),
    "cs": (
        "class Problem {\n    public static long F(long x) {\n",
        "        if (x > 0) return 1;\n        foreach (var i in xs) {}\n        do {} while (x);"
        "\n        switch (x) { case 1: break; }\n        return x > 0 ? 1 : 2;\n",
        ["if", "foreach", "do", "switch", "x > 0"],
    ),
    "d": (
        "long f(long x) {\n",
        "    if (x > 0) return 1;\n    foreach (i; xs) {}\n    while (x) x--;\n"
        "    return x ? 1 : 2;\n}",
        ["if", "foreach", "while", "x ?"],
    ),
    "dart": (
        "int f(int x) {\n",
        "  if (x > 0) { return 1; }\n  for (var i in xs) {}\n  while (x > 0) {}\n"
        "  return x > 0 ? 1 : 2;\n}",
        ["if", "for", "while", "x > 0"],
    ),
    "elixir": (
        "defmodule M do\n  def f(x) do\n",
        "    if x > 0 do\n      1\n    else\n      case x do\n        1 -> 2\n      end\n    end\n"
        "    y = cond do\n      true -> 1\n    end\n    for i <- x, do: i\n  end\nend",
        ["if", "case", "cond", "for"],
    ),
    "go": (
        "func f(x int) int {\n",
        "    for {\n        break\n    }\n    for x > 0 {\n        x--\n    }\n"
        "    for i := 0; i < x; i++ {}\n    for _, v := range xs {}\n    if x > 0 {\n    }\n"
        "    switch {\n    case x > 1:\n        return 2\n    }\n    return 1\n}",
        ["for x", "for i", "for _", "if", "switch"],
    ),
    "hs": (
        "f :: Int -> Int\n",
        "f x | x > 0 = 1\n    | otherwise = if x == 1 then 2 else 3\n"
        "g x = case x of\n  1 -> 2\n  _ -> 3\n",
        ["x > 0", "otherwise", "if", "case"],
    ),
    "java": (
        "class Problem {\n    public static long f(long x) {\n",
        "        if (x > 0) {\n            return 1;\n        }\n        for (long i : xs) {}\n"
        "        for (int i = 0; i < x; i++) {}\n        while (x > 0) x--;\n"
        "        return x > 0 ? 1 : 2;\n",
        ["if", "for (long", "for (int", "while", "x > 0"],
    ),
    "jl": (
        "function f(x)\n",
        "    if x > 0\n        1\n    elseif x < 0\n        2\n    end\n"
        "    while x > 0\n        x -= 1\n    end\n    x > 0 ? 1 : 2\nend",
        ["if", "elseif", "while", "x > 0"],
    ),
    "js": (
        "function f(x) {\n",
        "  if (x > 0) {\n    return 1;\n  }\n  for (const c of x) {}\n  for (let i = 0; i < x; i++)"
        " {}\n  do {} while (x);\n  switch (x) { case 1: break; }\n  return x > 0 ? 1 : 2;\n}",
        ["if", "for (const", "for (let", "do", "switch", "x > 0"],
    ),
    "lua": (
        "local function f(x)\n",
        "  if x then\n    return 1\n  elseif y then\n    return 2\n  end\n  repeat x() until y\n"
        "  for i = 1, 2 do end\n  while x do end\nend",
        ["if", "elseif", "repeat", "for", "while"],
    ),
    "ml": (
        "let rec f x =\n",
        "  if x > 0 then 1 else\n  match x with\n  | 1 -> 2\n  | _ -> (function 1 -> 2 | _ -> 3)\n",
        ["if", "match", "function"],
    ),
    "php": (
        "<?php\nfunction f($x) {\n",
        "    if ($x) {\n        return 1;\n    } elseif ($y) {\n    }\n    foreach ($x as $y) {}\n"
        "    while ($x) {}\n    switch ($x) { case 1: break; }\n    return $x ? 1 : 2;\n}",
        ["if", "elseif", "foreach", "while", "switch", "$x ?"],
    ),
    "pl": (
        "sub f {\n",
        "    my ($x) = @_;\n    if ($x > 0) { return 1; } elsif ($x) { return 2; }\n"
        "    foreach my $i (@x) {}\n    while ($x) {}\n    return 1 if $x;\n    $x ? 1 : 2;\n}",
        ["if ($x > 0)", "elsif", "foreach", "while", "return 1 if", "$x ?"],
    ),
    "py": (
        "def f(x):\n",
        "    if x > 0:\n        return 1\n    elif x < 0:\n        y = 1 if x else 2\n    else:\n"
        "        pass\n    for i in x:\n        pass\n    while x:\n        x -= 1\n"
        "    match x:\n        case 1:\n            pass\n    return [i for i in x if i]\n",
        ["if x > 0", "elif", "1 if x", "for i in x:", "while", "match", "if i"],
    ),
    "r": (
        "f <- function(x) {\n",
        "  if (x > 0) {\n    1\n  } else if (x < 0) {\n    2\n  }\n  repeat { break }\n"
        "  while (x > 0) { x }\n  for (i in x) { i }\n}",
        ["if (x > 0)", "if (x < 0)", "while", "for"],
    ),
    "rb": (
        "def f(x)\n",
        "  return 1 if x > 0\n  until x > 1\n    x += 1\n  end\n  case x\n  when 1 then 2\n  end\n"
        "  if x\n    1\n  elsif y\n    2\n  end\n  x > 0 ? 1 : 2\nend",
        ["return 1 if", "until", "case", "if x\n", "elsif", "x > 0 ?"],
    ),
    "rkt": (
        "#lang racket\n(define (f x)\n",
        "  (if (> x 0)\n      (when x 1)\n      (cond [(= x 1) 2] [else (for/sum ([i x]) i)])))",
        ["(if", "(when", "(cond", "(for/sum"],
    ),
    "rs": (
        "fn f(x: isize) -> isize {\n",
        "    loop { break; }\n    if x > 0 {\n        return 1;\n    } else if x < 0 {\n    }\n"
        "    for i in 0..x {}\n    while x > 0 {}\n    match x { 1 => 2, _ => 3 }\n",
        ["if x > 0", "if x < 0", "for", "while", "match"],
    ),
    "scala": (
        "object Problem {\n    def f(x : Long) : Long = {\n",
        "        if (x > 0) 1 else 2\n        while (x > 0) {}\n        for (i <- xs) {}\n"
        "        x match { case 1 => 2 }\n",
        ["if", "while", "for", "x match"],
    ),
    "sh": (
        "f() {\n",
        "    if [ $1 -gt 0 ]; then\n        echo 1\n    elif [ $1 ]; then\n        echo 2\n    fi\n"
        "    until false; do x; done\n    for i in a b; do x; done\n"
        "    for ((i = 0; i < 3; i++)); do x; done\n    case $1 in\n    a) echo;;\n    esac\n",
        ["if", "elif", "until", "for i", "for ((", "case"],
    ),
    "swift": (
        "func f(x: Int) -> Int {\n",
        "    guard x > 0 else { return 1 }\n    if x > 1 {\n    }\n    for i in xs {}\n"
        "    while x > 0 {}\n    return x > 0 ? 1 : 2\n}",
        ["guard", "if", "for", "while", "x > 0"],
    ),
    "ts": (
        "function f(x: number): number {\n",
        "  if (x > 0) {\n    return 1;\n  }\n  for (const c of x) {}\n  while (x) {}\n"
        "  return x > 0 ? 1 : 2;\n}",
        ["if", "for", "while", "x > 0"],
    ),
}


def task_of(prompt: str, solution: str, language: str = "py", **fields: object) -> Task:
    return Task("t", language, prompt, "", canonical_solution=solution, **fields)  # type: ignore[arg-type]


def test_every_grammar_has_its_conditionals_and_a_sample() -> None:
    assert set(CONDITIONALS) == set(GRAMMARS) == set(SAMPLES)


@pytest.mark.parametrize("language", sorted(SAMPLES))
def test_conditionals_are_found_where_they_begin(language: str) -> None:
    prompt, solution, expected = SAMPLES[language]
    starts = conditional_starts(task_of(prompt, solution, language))
    found = [
        solution[start : start + len(text)] for start, text in zip(starts, expected, strict=False)
    ]
    assert (found, len(starts)) == (expected, len(expected))


def test_conditionals_of_the_prompt_and_behind_a_stop_token_are_not_the_solutions() -> None:
    prompt = "if True:\n    pass\ndef f(x):\n"
    task = task_of(prompt, "    return 1\n\nif f(1):\n    pass\n", stop_tokens=("\nif",))
    assert conditional_starts(task) == ()


def test_offsets_count_characters_not_bytes() -> None:
    solution = "    s = 'äöü🙂'\n    if s:\n        return 'é' if s else 1\n"
    starts = conditional_starts(task_of("def f():\n    '''ü'''\n", solution))
    assert [solution[i : i + 2] for i in starts] == ["if", "'é"]


def test_the_spaces_before_a_start_are_left_to_the_policy() -> None:
    task = task_of("def f(x):\n", "    y = 1\n    if x:\n        return 1\n")
    (start,) = conditional_starts(task)
    assert prefix_before(task, start) == "    y = 1\n"


def test_languages_without_a_grammar_have_no_conditionals() -> None:
    assert conditional_starts(task_of("", "if x then y", "cobol")) == ()


@settings(deadline=None)
@given(st.integers(0, 2000))
def test_courses_and_stride_are_the_formulas(number: int) -> None:
    if number:
        assert num_courses(number) == math.ceil(math.sqrt(number))
        assert stride(number) == math.ceil(number / math.ceil(math.sqrt(number)))
    starts = course_starts(range(5, 5 + number))
    assert len(starts) == max(1, num_courses(number))


@settings(deadline=None)
@given(st.lists(st.integers(1, 10_000), unique=True).map(sorted))
def test_start_points_are_conditional_starts_and_end_at_zero(starts: list[int]) -> None:
    courses = course_starts(starts)
    assert courses[-1] == 0
    assert set(courses[:-1]) <= set(starts)
    assert all(later < earlier for earlier, later in itertools.pairwise(courses))
    indices = [starts.index(start) for start in courses[:-1]]
    assert all(a - b == stride(len(starts)) for a, b in itertools.pairwise(indices))
    if indices:
        assert indices[0] == len(starts) - stride(len(starts))


KATAS = generate_katas(seed=2, split="train", languages=("py", "js"), num_tasks=6, depths=(3, 4))
BATCH = st.tuples(st.integers(0, len(KATAS) - 1), st.integers(0, 8), st.integers(0, 8))


@settings(deadline=None)
@given(st.lists(BATCH, max_size=60), st.floats(0, 1))
def test_a_curriculum_moves_toward_the_beginning_and_only_by_the_pass_rate(
    batches: list[tuple[int, int, int]], pass_rate: float
) -> None:
    curriculum = Curriculum(KATAS, pass_rate)
    counted = {task.key: [0, 0] for task in KATAS}
    for number, passed, more in batches:
        task = KATAS[number]
        before = curriculum.progress[task.key].start
        course = curriculum.course(task)
        counts = counted[task.key]
        counts[0] += passed
        counts[1] += passed + more
        curriculum.record(task.key, course, passed, passed + more)
        after = curriculum.progress[task.key].start
        assert after == 0 or after in conditional_starts(task)
        if after < before:
            assert counts[0] / counts[1] > pass_rate
            counts[:] = [0, 0]
        else:
            assert after == before
            assert before == 0 or counts[0] <= pass_rate * max(1, counts[1])
        assert (task.canonical_solution or "").startswith(curriculum.prefix(task))


def test_rollouts_of_an_earlier_course_are_passed_over() -> None:
    task = KATAS[0]
    curriculum = Curriculum([task], 0.5)
    curriculum.record(task.key, 0, 1, 1)
    start = curriculum.progress[task.key].start
    curriculum.record(task.key, 0, 8, 8)
    assert curriculum.progress[task.key].start == start


def test_a_task_without_conditionals_is_plain_generation_from_the_start() -> None:
    task = task_of("def f():\n", "    return 1\n")
    curriculum = Curriculum([task], 0.5)
    assert curriculum.prefix(task) == ""
    assert curriculum.shares() == {0: 1.0}


def test_tasks_that_are_to_be_plain_get_nothing() -> None:
    curriculum = Curriculum(KATAS, 0.5, plain=[task.key for task in KATAS[1:]])
    assert curriculum.prefix(KATAS[0])
    assert {curriculum.prefix(task) for task in KATAS[1:]} == {""}


def test_a_restored_curriculum_stands_where_it_stood() -> None:
    curriculum = Curriculum(KATAS, 0.4)
    for task in KATAS[:5]:
        curriculum.record(task.key, 0, 1, 2)
        curriculum.record(task.key, curriculum.course(task), 1, 3)
    other = Curriculum(KATAS, 0.4)
    other.restore(curriculum.state())
    assert other.progress == curriculum.progress
    with pytest.raises(ValueError, match="other tasks"):
        Curriculum(KATAS[:2], 0.4).restore(curriculum.state())
