"""Sources of published data sets: their rows become tasks whose own solutions pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from multipl_e.errors import UserError
from multipl_e.executors import Executor
from multipl_e.records import Candidate, Task, Verdict
from multipl_e.sources import load_tasks, source_names

HUMANEVAL = {
    "task_id": "HumanEval/900",
    "prompt": 'def double(x: int) -> int:\n    """ Twice x. """\n',
    "entry_point": "double",
    "canonical_solution": "    return 2 * x\n",
    "test": "METADATA = {}\n\ndef check(candidate):\n    assert candidate(2) == 4\n",
}
MBPP = {
    "task_id": 11,
    "text": 'Write a function to say "\\n" and add.',
    "code": "import math\r\ndef half(x):\r\n    return x / 2\r\ndef total(xs, start = 0):\r\n"
    "    return math.floor(half(2 * sum(xs)) + start)",
    "test_list": ["assert total([1, 2]) == 3", "assert total([], 4) == 4"],
    "test_setup_code": "",
    "challenge_test_list": [],
}
SANITIZED = {
    "task_id": 520,
    "prompt": "Write a function.",
    "code": "def one(): return 1",
    "test_imports": ["import math"],
    "test_list": ["assert math.isclose(one(), 1)"],
}
PLUS = {
    "task_id": "HumanEval/901",
    "prompt": "def mean(xs):\n",
    "entry_point": "mean",
    "canonical_solution": "    return sum(xs) / len(xs)\n",
    "base_input": [[[1.0, 2.0]]],
    "plus_input": [[[0.1, 0.2, 0.3]], [[float("inf")]]],
    "atol": 1e-6,
}
MBPP_PLUS = {
    "task_id": "Mbpp/2",
    "prompt": '"""\nWrite a function.\nassert pairs([(1, 2)]) == (1,)\n"""\n',
    "entry_point": "pairs",
    "canonical_solution": "\ndef pairs(xs):\n    return tuple(a for a, b in xs if {(a, b)})\n",
    "base_input": [[[[1, 2]]]],
    "plus_input": [[[[3, 4], [5, 6]]]],
    "assertion": "assert pairs([(1, 2)]) == (1,)",
    "atol": 0,
}


def written(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def judged(*pairs: tuple[Task, str]) -> list[Verdict | None]:
    with Executor(workers=1, timeout=5) as executor:
        return executor.judge([(t, Candidate(t.name, t.language, text)) for t, text in pairs])


def statuses(*pairs: tuple[Task, str]) -> list[str]:
    return [verdict.status if verdict else "unjudged" for verdict in judged(*pairs)]


def test_the_sources_of_the_contract_are_there() -> None:
    assert {"katas", "hub", "jsonl", "evalplus", "humaneval", "mbpp"} <= set(source_names())


def test_humaneval(tmp_path: Path) -> None:
    (task,) = load_tasks("humaneval", path=written(tmp_path, HUMANEVAL))
    assert (task.name, task.extra["task_id"]) == ("HumanEval_900_double", "HumanEval/900")
    assert statuses((task, task.canonical_solution or ""), (task, "    return x\n")) == [
        "OK",
        "Exception",
    ]


def test_mbpp_in_both_forms(tmp_path: Path) -> None:
    tasks = load_tasks("mbpp", path=written(tmp_path, MBPP, SANITIZED))
    assert [(t.name, t.split) for t in tasks] == [
        ("mbpp_11_total", "test"),
        ("mbpp_520_one", "valid"),
    ]
    assert tasks[0].prompt.startswith('def total(xs, start = 0):\n    """Write a function to say')
    assert "assert" not in tasks[0].prompt
    right = [(task, task.canonical_solution or "") for task in tasks]
    assert statuses(*right, (tasks[0], "    return 3\n")) == ["OK", "OK", "Exception"]


def test_evalplus_asks_the_reference_with_its_tolerance(tmp_path: Path) -> None:
    (task,) = load_tasks("evalplus", path=written(tmp_path, PLUS))
    close = "    return sum(xs) / len(xs) + 1e-9\n"
    far = "    return 1.5 if len(xs) == 2 else 0.3\n"
    assert statuses((task, task.canonical_solution or ""), (task, close), (task, far)) == [
        "OK",
        "OK",
        "Exception",
    ]
    exits = "    import os\n    os._exit(0)\n"
    assert statuses((task, exits)) == ["Incomplete"]


def test_mbpp_plus_lists_become_the_tuples_they_were(tmp_path: Path) -> None:
    (task,) = load_tasks("evalplus", path=written(tmp_path, MBPP_PLUS))
    assert task.name == "mbpp_2_pairs"
    listed = "def pairs(xs):\n    return [a for a, b in xs]\n"
    assert statuses((task, task.canonical_solution or ""), (task, listed)) == ["OK", "Exception"]


def test_a_field_that_is_missing_is_named_with_its_line(tmp_path: Path) -> None:
    broken = {k: v for k, v in HUMANEVAL.items() if k != "entry_point"}
    with pytest.raises(UserError, match=r"rows.jsonl, line 2: the field 'entry_point' is missing"):
        load_tasks("humaneval", path=written(tmp_path, HUMANEVAL, broken))


@pytest.fixture
def hub_folder(tmp_path: Path) -> Path:
    """A folder as ``nuprl/MultiPL-E`` lies on the Hub: a folder of Parquet per configuration."""
    import pyarrow as pa
    from pyarrow import parquet

    root = tmp_path / "MultiPL-E"
    for config, language in (
        ("humaneval-js", "js"),
        ("humaneval-go", "go_test.go"),
        ("mbpp-js", "js"),
    ):
        row = {
            "name": f"{config.partition('-')[0]}_0_f",
            "language": language,
            "prompt": "function f(x){\n",
            "doctests": "transform",
            "original": "datasets/originals/f.py",
            "prompt_terminology": "reworded",
            "tests": "f(1);",
            "stop_tokens": ["\nfunction "],
        }
        (root / config).mkdir(parents=True)
        parquet.write_table(
            pa.Table.from_pylist([row]), root / config / "test-00000-of-00001.parquet"
        )
    return root


def test_a_folder_in_the_hubs_layout(
    hub_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    tasks = load_tasks("hub", path=hub_folder)
    assert [task.language for task in tasks] == ["go", "js"]
    assert tasks[1].stop_tokens == ("\nfunction ",)
    assert tasks[1].extra["prompt_terminology"] == "reworded"
    (mbpp,) = load_tasks("hub", path=hub_folder, dataset="mbpp", languages=["javascript"])
    assert mbpp.name == "mbpp_0_f"
    with pytest.raises(UserError, match=r"no humaneval in py.*--source humaneval"):
        load_tasks("hub", path=hub_folder, languages=["py"])


def test_without_a_network_the_remedy_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    def fails(*words: object, **more: object) -> None:
        raise ConnectionError("Couldn't reach 'nuprl/MultiPL-E' on the Hub (offline)\nmore")

    monkeypatch.setattr(datasets, "load_dataset", fails)
    with pytest.raises(UserError) as caught:
        load_tasks("hub", languages=["js"])
    assert "\n" not in str(caught.value) and "--path" in str(caught.value)
