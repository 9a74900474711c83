"""What rollouts carry and how their scores are put on one scale."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace

import pytest

from generator.ppo_options import PPOOptions
from generator.ppo_rollouts import RewardScale, Rollout, score_rollouts, shaped_scores
from multipl_e.records import Candidate, Task

PLAIN = PPOOptions(group_baseline=False, missing_eos_penalty=None)


def rollout(text: str = "x", score: float = 0.0, task: str = "t", finished: bool = True) -> Rollout:
    candidate = Candidate(task, "py", text)
    return Rollout(Task(task, "py", "p", ""), candidate, (1, 2), (3, 4, 5), finished, score)


def test_every_token_is_an_action_and_in_the_loss_by_default() -> None:
    assert rollout().actions == rollout().in_loss == (True, True, True)


def test_loss_mask_never_reaches_beyond_the_actions() -> None:
    masked = replace(rollout(), action_mask=(True, False, True), loss_mask=(False, True, True))
    assert masked.in_loss == (False, False, True)


def test_loss_mask_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        _ = replace(rollout(), loss_mask=(True,)).in_loss


def test_equal_programs_of_a_task_are_scored_once() -> None:
    asked: list[str] = []

    def reward(tasks: list[Task], candidates: list[Candidate]) -> list[float]:
        asked.extend(f"{t.name}:{c.text}" for t, c in zip(tasks, candidates, strict=True))
        return [float(len(c.text)) for c in candidates]

    scored = score_rollouts(
        [rollout("a"), rollout("bb"), rollout("a"), rollout("a", task="u")], reward
    )
    assert asked == ["t:a", "t:bb", "u:a"]
    assert [r.score for r in scored] == [1.0, 2.0, 1.0, 1.0]


def test_reward_with_the_wrong_number_of_scores_is_refused() -> None:
    with pytest.raises(ValueError, match="gave 0 scores for 1"):
        score_rollouts([rollout()], lambda tasks, candidates: [])


def test_scale_gives_the_reference_mean_zero_and_sd_one() -> None:
    scale = RewardScale.of([3.0, 5.0, 10.0, math.nan])
    scores = [scale.apply(score) for score in (3.0, 5.0, 10.0)]
    assert statistics.fmean(scores) == pytest.approx(0)
    assert statistics.stdev(scores) == pytest.approx(1)


@pytest.mark.parametrize("scores", [[], [math.nan], [2.0], [2.0, 2.0]])
def test_scale_without_a_spread_only_centres(scores: list[float]) -> None:
    scale = RewardScale.of(scores)
    assert scale.sd == 1.0
    assert math.isfinite(scale.apply(2.0))


def test_scores_are_normalised_and_clipped() -> None:
    scale = RewardScale(mean=1.0, sd=2.0)
    scores = shaped_scores([rollout(score=s) for s in (3.0, 100.0, -100.0)], scale, PLAIN)
    assert scores == [1.0, 5.0, -5.0]


def test_raw_rewards_are_not_clipped() -> None:
    options = replace(PLAIN, normalise_reward=False)
    assert shaped_scores([rollout(score=-100.0)], RewardScale(), options) == [-100.0]


def test_completion_that_did_not_end_pays_the_penalty() -> None:
    options = replace(PLAIN, missing_eos_penalty=1.5)
    rollouts = [rollout(score=1.0), rollout(score=1.0, finished=False)]
    assert shaped_scores(rollouts, RewardScale(), options) == [1.0, -0.5]


def test_group_baseline_centres_each_task() -> None:
    options = replace(PLAIN, group_baseline=True)
    rollouts = [rollout(score=s, task=t) for s, t in ((1, "t"), (3, "t"), (0, "u"), (4, "u"))]
    assert shaped_scores(rollouts, RewardScale(), options) == [-1.0, 1.0, -2.0, 2.0]
