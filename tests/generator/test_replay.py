"""The replay sampler: disjoint, deterministic rounds over a file of candidates."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from generator.samplers import get_sampler
from generator.samplers.replay import MAX_RECORDED_OUTPUT, ReplaySampler
from multipl_e.errors import UserError
from multipl_e.records import Candidate, Task, Verdict
from multipl_e.tables import write_candidates, write_labelled

SHARED = Path(__file__).parents[3] / "shared" / "data" / "codegen16b"


def task(name: str = "add", language: str = "py", stop: tuple[str, ...] = ()) -> Task:
    return Task(name, language, "def add(a, b):\n", "assert add(1, 2) == 3\n", stop)


def pool(size: int, name: str = "add", language: str = "py") -> list[Candidate]:
    return [Candidate(name, language, f"    return {i}\n", index=i) for i in range(size)]


@pytest.fixture
def jsonl(tmp_path: Path) -> Path:
    path = tmp_path / "candidates.jsonl"
    write_candidates(path, pool(10) + pool(10, "sub") + pool(4, "add", "js"))
    return path


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A snapshot in the layout of ``bigcode/MultiPL-E-completions``: data/SPLIT-*.parquet."""

    def row(problem: str, language: str, statuses: list[str]) -> dict[str, Any]:
        size = len(statuses)
        return {
            "experiment": f"humaneval-{language}-starcoder-0.2-reworded",
            "problem": problem,
            "language": language,
            "top_p": 0.95,
            "max_tokens": 512,
            "prompt": f"prompt of {problem}\n",
            "tests": "tests",
            "stop_tokens": ["\ndef"],
            "completions": [f"    return {i}" for i in range(size)],
            "programs": ["p"] * size,
            "stdouts": [""] * size,
            "stderrs": ["x" * 5000 if status != "OK" else "" for status in statuses],
            "exit_codes": [0 if status == "OK" else 1 for status in statuses],
            "statuses": statuses,
            "timestamps": [0] * size,
        }

    data = tmp_path / "snapshot" / "data"
    data.mkdir(parents=True)
    (tmp_path / "snapshot" / "README.md").write_text("card")
    pd.DataFrame([row("add", "py", ["OK", "Exception", "Timeout", "OK"])]).to_parquet(
        data / "humaneval.py.starcoder.0.2.reworded-00000-of-00001-0a1b.parquet"
    )
    pd.DataFrame([row("add", "js", ["SyntaxError", "OK"])]).to_parquet(
        data / "humaneval.js.starcoder.0.2.reworded-00000-of-00001-2c3d.parquet"
    )
    return tmp_path / "snapshot"


def texts(candidates: list[Candidate]) -> list[str]:
    return [candidate.text for candidate in candidates]


def test_is_found_by_its_name() -> None:
    assert get_sampler("replay") is ReplaySampler


def test_cannot_be_tuned(jsonl: Path) -> None:
    assert ReplaySampler(jsonl).can_be_tuned is False


def test_groups_come_in_task_order_with_fresh_numbers(jsonl: Path) -> None:
    drawn = ReplaySampler(jsonl).sample([task("sub"), task()], 3, seed=1, round=2)
    assert [c.task for c in drawn] == ["sub"] * 3 + ["add"] * 3
    assert [c.index for c in drawn] == [0, 1, 2, 0, 1, 2]
    assert {c.round for c in drawn} == {2}


def test_languages_have_pools_of_their_own(jsonl: Path) -> None:
    sampler = ReplaySampler(jsonl)
    assert sampler.pool_size(task(language="py")) == 10
    assert sampler.pool_size(task(language="js")) == 4
    assert {c.language for c in sampler.sample([task(language="js")], 4, seed=1)} == {"js"}


def test_the_same_seed_draws_the_same(jsonl: Path) -> None:
    first, second = (ReplaySampler(jsonl).sample([task()], 5, seed=3, round=1) for _ in range(2))
    assert first == second


def test_another_seed_draws_others(jsonl: Path) -> None:
    sampler = ReplaySampler(jsonl)
    assert texts(sampler.sample([task()], 5, seed=3)) != texts(sampler.sample([task()], 5, seed=4))


def test_a_draw_does_not_depend_on_the_other_tasks_or_on_earlier_calls(jsonl: Path) -> None:
    sampler = ReplaySampler(jsonl)
    sampler.sample([task()], 5, seed=3, round=0)
    together = sampler.sample([task("sub"), task()], 5, seed=3, round=1)
    assert together[5:] == ReplaySampler(jsonl).sample([task()], 5, seed=3, round=1)


@pytest.mark.parametrize(("per_round", "counts"), [(None, [2] * 5), (4, [4, 1, 2])])
def test_rounds_share_no_candidate(jsonl: Path, per_round: int | None, counts: list[int]) -> None:
    sampler = ReplaySampler(jsonl, per_round=per_round)
    drawn = [
        text
        for round, count in enumerate(counts)
        for text in texts(sampler.sample([task()], count, seed=5, round=round))
    ]
    assert len(drawn) == len(set(drawn)) == sum(counts)


def test_a_pool_that_is_used_up_gives_what_is_left_and_says_so(
    jsonl: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    drawn = ReplaySampler(jsonl).sample([task("sub"), task(language="js")], 4, seed=1, round=1)
    assert [c.task for c in drawn] == ["sub"] * 4
    message = capfd.readouterr().err
    assert "used up for 1 tasks in round 1" in message
    assert "add (js) has 0 of 4 left" in message


def test_a_sufficient_pool_says_nothing(jsonl: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ReplaySampler(jsonl).sample([task()], 10, seed=1)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.sample([task()], 5, seed=1, round=2), "run fewer rounds"),
        (lambda s: s.sample([task("unknown")], 5, seed=1), r"unknown \(py\) has 0 of 0 left"),
        (lambda s: s.sample([task()], 0, seed=1), "num_candidates must be at least 1"),
    ],
)
def test_a_draw_of_nothing_is_a_mistake(
    jsonl: Path, call: Callable[[ReplaySampler], object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        call(ReplaySampler(jsonl))


def test_no_tasks_no_candidates(jsonl: Path) -> None:
    assert ReplaySampler(jsonl).sample([], 5, seed=1) == []


def test_a_round_cannot_draw_more_than_it_owns(jsonl: Path) -> None:
    with pytest.raises(UserError, match="raise per_round"):
        ReplaySampler(jsonl, per_round=3).sample([task()], 4, seed=1)


def test_per_round_must_be_positive(jsonl: Path) -> None:
    with pytest.raises(UserError, match="per_round"):
        ReplaySampler(jsonl, per_round=0)


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_text("")
    with pytest.raises(UserError, match="empty"):
        ReplaySampler(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere"):
        ReplaySampler(tmp_path / "nowhere.jsonl")


def test_completions_are_cut_at_the_stop_tokens(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    row = {"name": "add", "language": "py", "completion": "    return 1\ndef next():\n"}
    path.write_text(json.dumps(row))
    drawn = ReplaySampler(path).sample([task(stop=("\ndef",))], 1, seed=1)
    assert texts(drawn) == ["    return 1"]


def test_whole_solutions_are_not_cut(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    solution = "import math\ndef add(a, b):\n    return a + b\n"
    path.write_text(json.dumps({"name": "add", "language": "py", "solution": solution}))
    drawn = ReplaySampler(path).sample([task(stop=("\ndef",))], 1, seed=1)
    assert (texts(drawn), drawn[0].form) == ([solution], "solution")


def test_candidates_keep_the_name_of_who_sampled_them() -> None:
    named = Candidate("add", "py", "    return 1\n", sampler="codegen")
    drawn = ReplaySampler([named, *pool(1)]).sample([task()], 2, seed=1)
    assert sorted(c.sampler for c in drawn) == ["codegen", "replay"]


def test_progress_counts_every_candidate_asked_for(jsonl: Path) -> None:
    steps: list[int] = []
    ReplaySampler(jsonl).sample([task(), task("sub")], 3, seed=1, on_done=steps.append)
    assert sum(steps) == 6


def test_a_snapshot_of_the_hub_is_read(hub: Path) -> None:
    drawn = ReplaySampler(hub).sample([task(), task(language="js")], 2, seed=1)
    assert [c.task_key for c in drawn] == [("add", "py")] * 2 + [("add", "js")] * 2
    assert {c.sampler for c in drawn} == {
        "humaneval-py-starcoder-0.2-reworded",
        "humaneval-js-starcoder-0.2-reworded",
    }


def test_recorded_verdicts_stand_in_for_execution(hub: Path) -> None:
    sampler = ReplaySampler(hub, recorded_verdicts=True)
    drawn = sampler.sample([task()], 4, seed=1)
    by_text = {c.text: sampler.verdicts[c].status for c in drawn}
    assert by_text == {
        "    return 0": "OK",
        "    return 1": "Exception",
        "    return 2": "Timeout",
        "    return 3": "OK",
    }


def test_verdicts_are_there_only_on_request(hub: Path) -> None:
    assert len(ReplaySampler(hub).verdicts) == 0


def test_recorded_output_is_shortened(hub: Path) -> None:
    verdicts = ReplaySampler(hub, recorded_verdicts=True).verdicts
    assert max(len(verdict.stderr) for verdict in verdicts.values()) == MAX_RECORDED_OUTPUT


def test_a_verdict_is_found_whatever_the_number_and_round(tmp_path: Path) -> None:
    path = tmp_path / "labelled.parquet"
    failed = Verdict("Exception", 1)
    write_labelled(path, [(candidate, failed) for candidate in pool(3)])
    verdicts = ReplaySampler(path, recorded_verdicts=True).verdicts
    assert verdicts[Candidate("add", "py", "    return 2\n", index=77, round=5)] == failed
    assert Candidate("add", "py", "    return 3\n") not in verdicts


def test_of_several_verdicts_the_first_counts(tmp_path: Path) -> None:
    path = tmp_path / "labelled.jsonl"
    same = pool(1)[0]
    write_labelled(path, [(same, Verdict("OK", 0)), (same, Verdict("Timeout", -9))])
    verdicts = ReplaySampler(path, recorded_verdicts=True).verdicts
    assert [verdict.status for verdict in verdicts.values()] == ["OK"]


def test_a_text_with_a_recorded_verdict_is_not_cut(tmp_path: Path) -> None:
    path = tmp_path / "labelled.jsonl"
    candidate = Candidate("add", "py", "    return 1\ndef next(): pass\n")
    write_labelled(path, [(candidate, Verdict("OK", 0))])
    sampler = ReplaySampler(path, recorded_verdicts=True)
    drawn = sampler.sample([task(stop=("\ndef",))], 1, seed=1)
    assert sampler.verdicts[drawn[0]].passed


def test_recorded_verdicts_need_a_file() -> None:
    with pytest.raises(ValueError, match="needs a file"):
        ReplaySampler(pool(2), recorded_verdicts=True)


@pytest.mark.shared
def test_real_samples_of_a_large_model() -> None:
    from multipl_e.tables import read_tasks

    if not SHARED.is_dir():
        pytest.skip("the CodeGen samples are not on this machine")
    tasks = read_tasks(SHARED / "tasks.jsonl")
    sampler = ReplaySampler(SHARED / "candidates.jsonl", per_round=20)
    rounds = [sampler.sample(tasks, 20, seed=0, round=r) for r in range(5)]
    assert [len(drawn) for drawn in rounds] == [20 * len(tasks)] * 5
    assert not any("\ndef " in c.text for drawn in rounds for c in drawn)
