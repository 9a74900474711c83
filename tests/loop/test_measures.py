"""PPO's gain beside the truth, and what the next reranker makes of its finds."""

import pytest

from loop.config import MiningConfig
from loop.measures import policy_figures, resolved_counts, resolved_share
from loop.mining import Probed
from multipl_e.records import Candidate, Task, Verdict

Rows = list[tuple[Task, list[Probed]]]


def probes(*tasks: list[tuple[bool, float]]) -> Rows:
    return [
        (
            Task(f"t{n}", "py", "", ""),
            [
                Probed(
                    Candidate(f"t{n}", "py", f"    return {'-' * i}n\n", i),
                    Verdict("OK" if passed else "Exception", 0),
                    score,
                )
                for i, (passed, score) in enumerate(rows)
            ],
        )
        for n, rows in enumerate(tasks)
    ]


def test_the_gain_is_in_standard_deviations_of_the_reference() -> None:
    reference = probes([(True, 0.0), (False, 2.0)])
    policy = probes([(True, 3.0), (False, 3.0)])
    assert policy_figures(reference, policy, 0)["ppo_score_gain"]["value"] == pytest.approx(2.0)


def test_the_pass_rates_stand_beside_the_gain() -> None:
    found = policy_figures(probes([(True, 0.0), (True, 1.0)]), probes([(False, 9.0)]), 0)
    assert found["reference_pass_rate"]["value"] == 1.0
    assert found["ppo_pass_rate"]["value"] == 0.0


def test_resolved_are_hard_negatives_now_below_the_passing_median() -> None:
    before = probes([(True, 1.0), (False, 2.0), (False, 3.0), (False, 0.0)])
    after = probes([(True, 1.0), (False, 0.0), (False, 3.0), (False, 9.0)])
    assert resolved_counts(before, after, MiningConfig()) == [(1, 2)]


def test_tasks_without_a_passing_candidate_cannot_tell() -> None:
    before = after = probes([(False, 1.0), (False, 2.0)])
    assert resolved_counts(before, after, MiningConfig()) == [(0, 0)]


def test_a_program_that_was_written_twice_counts_once() -> None:
    before = probes([(True, 1.0), (False, 2.0), (False, 3.0)])
    before[0][1].append(before[0][1][1])
    after = probes([(True, 1.0), (False, 0.0), (False, 3.0)])
    after[0][1].append(after[0][1][1])
    assert resolved_counts(before, after, MiningConfig()) == [(1, 2)]


def test_a_failing_sample_below_what_passes_was_never_hard() -> None:
    # The last row stands for the canonical solution of a task on which no probe passed.
    before = probes([(False, 1.0), (False, 3.0), (True, 2.0)])
    after = probes([(False, 9.0), (False, 1.0), (True, 2.0)])
    assert resolved_counts(before, after, MiningConfig()) == [(1, 1)]


def test_the_share_resolved_counts_every_hard_negative_alike() -> None:
    assert resolved_share([(1, 1), (0, 0), (0, 3)], 0)["value"] == pytest.approx(0.25)


def test_no_share_where_no_task_can_tell() -> None:
    assert resolved_share([(0, 0)], 0)["value"] is None
