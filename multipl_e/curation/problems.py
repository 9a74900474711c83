"""A problem in one form whatever form it came in, and the task that is made of it.

Every problem is a function with inputs and outputs: one that is called with arguments and returns,
or ``main``, which reads standard input and prints.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from multipl_e.curation import comparison
from multipl_e.records import Difficulty, Split, Task

# Chat text goes on after the program with these; a program has them nowhere.
STOP_TOKENS = ("\n```", "\n<|")

# What LeetCode's judge imports before a solution, as far as solutions lean on it.
METHOD_IMPORTS = """import bisect, collections, functools, heapq, itertools, math, re, string
from collections import Counter, defaultdict, deque
from typing import Dict, List, Optional, Set, Tuple
"""


@dataclass(frozen=True)
class Problem:
    """A programming problem with its tests and a solution.

    Attributes:
        name: Unique among the problems.
        question: What is asked, in words.
        function: The function that is called; a method of ``Solution`` if `is_method`.
        inputs: Per test, the list of arguments, or the text on standard input.
        outputs: Per test, the value returned, or the text printed.
        solution: A whole program that defines the function.
        reads_stdin: Whether the function takes no arguments, reads standard input and prints.
        is_method: Whether it is a method of the class ``Solution``.
        starter_code: The beginning of every answer, where the problem gives one.
        difficulty: Where known.
        split: Where it came from.
        extra: Further fields for the row (url …).
    """

    name: str
    question: str
    function: str
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    solution: str
    reads_stdin: bool = False
    is_method: bool = False
    starter_code: str = ""
    difficulty: Difficulty | None = None
    split: Split = "train"
    extra: Mapping[str, Any] = field(default_factory=dict)


def task_of(problem: Problem) -> Task:
    """The problem as a MultiPL-E row in Python, its solution continuing the prompt.

    The prompt is the question as a docstring, then the starter code if the solution begins with it.
    """
    imports = METHOD_IMPORTS if problem.is_method else ""
    place = "the class Solution with the method" if problem.is_method else "the function"
    does = ", which reads standard input and prints the answer" if problem.reads_stdin else ""
    words = f"{problem.question.strip()}\n\nWrite {place} `{problem.function}`{does}."
    prompt = f"{_docstring(words)}\n{imports}"
    solution = problem.solution.strip("\n") + "\n"
    starter = problem.starter_code.strip()
    if starter and solution.startswith(f"{starter}\n"):
        prompt += f"{starter}\n"
        solution = solution[len(starter) + 1 :]
    return Task(
        name=problem.name,
        language="py",
        prompt=prompt,
        tests=tests_of(problem),
        stop_tokens=STOP_TOKENS,
        canonical_solution=solution,
        difficulty=problem.difficulty,
        split=problem.split,
        extra={"fn_name": problem.function, **problem.extra},
    )


def tests_of(problem: Problem) -> str:
    """The tests as a program: the comparison's rules, then one assertion per test."""
    if problem.reads_stdin:
        call, same = "run_with_stdin(candidate, given)", "same_text"
    else:
        method = f"candidate().{problem.function}" if problem.is_method else "candidate"
        call, same = f"{method}(*given)", "same_value"
    lines = [_RULES, "", "", "def check(candidate):"]
    for given, want in zip(problem.inputs, problem.outputs, strict=True):
        lines += [
            f"    given, want = {given!r}, {want!r}",
            f"    got = {call}",
            f"    assert {same}(got, want), difference(given, want, got)",
        ]
    entry = "Solution" if problem.is_method else problem.function
    return "\n".join([*lines, "", "", f"check({entry})", ""])


def _rules() -> str:
    """The comparison's source without its docstrings and remarks to type checkers."""
    tree = ast.parse(inspect.getsource(comparison))
    for node in [tree, *ast.walk(tree)]:
        if isinstance(node, ast.Module | ast.FunctionDef) and ast.get_docstring(node):
            node.body = node.body[1:]
    return ast.unparse(tree)


def _docstring(text: str) -> str:
    body = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""\n{body}\n"""'


_RULES = _rules()
