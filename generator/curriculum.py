"""CCCS: the curriculum of code completion subtasks (METHODS.md, section 2).

A task's first course hands the policy its canonical solution up to one of the last conditional
statements; the policy writes the rest. Once it passes often enough from there, the start point
moves a stride of conditionals toward the beginning, and the last course is plain generation.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generator.conditionals import conditional_starts, prefix_before
from multipl_e.records import Task, TaskKey


def num_courses(num_conditionals: int) -> int:
    """⌈√E⌉ courses; one (plain generation) where there is no conditional."""
    root = math.isqrt(num_conditionals)
    return max(1, root + (root * root < num_conditionals))


def stride(num_conditionals: int) -> int:
    """⌈E / ⌈√E⌉⌉ conditionals from one start point to the next."""
    return -(-num_conditionals // num_courses(num_conditionals))


def course_starts(starts: Sequence[int]) -> tuple[int, ...]:
    """The start point of every course, the first course first; the last is 0.

    Args:
        starts: Rising offsets of the E conditionals.
    """
    number, step = len(starts), stride(len(starts))
    courses = range(1, num_courses(number))
    return (*(starts[number - step * course] for course in courses), 0)


@dataclass
class Progress:
    """How far one task has come.

    Attributes:
        starts: The start points of its courses.
        course: The present one, from 0.
        num_passed: Rollouts from the present start point that passed.
        num_judged: Rollouts from the present start point whose verdict is known.
    """

    starts: tuple[int, ...]
    course: int = 0
    num_passed: int = 0
    num_judged: int = 0

    @property
    def start(self) -> int:
        """The present start point: an offset into the canonical solution."""
        return self.starts[self.course]

    @property
    def remaining(self) -> int:
        """Courses still to come; 0 is plain generation."""
        return len(self.starts) - 1 - self.course


class Curriculum:
    """Start points of all tasks, moved by what the policy passes.

    Args:
        tasks: The training tasks.
        pass_rate: ρ: a start point moves when the share of its rollouts that passed, all steps at
            this start point together, exceeds this.
        plain: Keys of tasks that are plain generation from the start.
    """

    def __init__(
        self, tasks: Sequence[Task], pass_rate: float, *, plain: Collection[TaskKey] = ()
    ) -> None:
        self.pass_rate = pass_rate
        self.progress: dict[TaskKey, Progress] = {
            task.key: Progress(course_starts(() if task.key in plain else conditional_starts(task)))
            for task in tasks
        }

    def course(self, task: Task) -> int:
        """The task's present course, from 0."""
        return self.progress[task.key].course

    def prefix(self, task: Task) -> str:
        """What is given of the solution at the present start point."""
        return prefix_before(task, self.progress[task.key].start)

    def record(self, key: TaskKey, course: int, num_passed: int, num_judged: int) -> None:
        """Count rollouts of one task and move its start point if they earn it.

        Rollouts from an earlier course than the present one say nothing of it and are passed over.
        """
        progress = self.progress[key]
        if course != progress.course:
            return
        progress.num_passed += num_passed
        progress.num_judged += num_judged
        rate = progress.num_passed / max(1, progress.num_judged)
        if progress.remaining and rate > self.pass_rate:
            progress.course += 1
            progress.num_passed = progress.num_judged = 0

    def shares(self) -> dict[int, float]:
        """Share of tasks by the number of courses that still lie before plain generation."""
        counts = Counter(progress.remaining for progress in self.progress.values())
        return {left: counts[left] / len(self.progress) for left in sorted(counts)}

    def state(self) -> list[list[Any]]:
        """Where every task stands, as plain data."""
        return [[*key, p.course, p.num_passed, p.num_judged] for key, p in self.progress.items()]

    def restore(self, state: Sequence[Sequence[Any]]) -> None:
        """Take up where `state` was taken.

        Raises:
            ValueError: it is the state of other tasks.
        """
        found: Mapping[TaskKey, Sequence[int]] = {(row[0], row[1]): row[2:] for row in state}
        if found.keys() != self.progress.keys():
            raise ValueError("the state belongs to other tasks")
        for key, (course, num_passed, num_judged) in found.items():
            progress = self.progress[key]
            progress.course, progress.num_passed = course, num_passed
            progress.num_judged = num_judged
