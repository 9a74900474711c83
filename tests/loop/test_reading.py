"""What the reranker's base reads before it compares."""

from loop.reading import passing_programs
from multipl_e.records import Pair, Task

TASK = Task("double", "py", "def solve(n):\n", "")


def test_a_passing_program_is_learnt_once_however_many_pairs_it_is_in() -> None:
    pairs = [Pair("double", "py", text, "    x\n", "sampled", 1.0) for text in ("a", "b", "a")]
    assert [t.canonical_solution for t in passing_programs(pairs, [TASK])] == ["a", "b"]
