import gzip
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multipl_e.errors import UserError
from multipl_e.records import Candidate, Pair, Task, Verdict
from multipl_e.tables import (
    iter_candidates,
    read_candidates,
    read_labelled,
    read_pairs,
    read_tasks,
    write_candidates,
    write_json,
    write_labelled,
    write_pairs,
    write_tasks,
)

ENDINGS = ["jsonl", "jsonl.gz", "parquet"]

ROW = {
    "name": "HumanEval_0",
    "language": "py",
    "prompt": "def f(x):\n",
    "doctests": "transform",
    "prompt_terminology": "reworded",
    "tests": "assert f(1) == 1\n",
    "stop_tokens": ["\ndef", "\n#"],
    "notes": None,
}
TASK = Task(
    name="a",
    language="js",
    prompt="function f(x) {\n",
    tests="f(1);",
    stop_tokens=("\n}",),
    public_tests="f(0);",
    canonical_solution="  return x;\n}",
    difficulty="interview",
    split="train",
    extra={"depth": 2, "operations": ["map", "sum"], "note": None},
)
CANDIDATES = [
    Candidate("a", "js", "  return x;\n}", 0, (-0.1, -0.25), "transformers", 3),
    Candidate("a", "js", "", 1),
    Candidate("b", "py", "def f(): pass", 0, form="solution"),
    Candidate("b", "py", "Here:\n```py\npass\n```", 1, form="answer"),
]
VERDICTS = [
    Verdict("OK", 0, "out", "", 0.5, (1, 3), 4, 4),
    Verdict("Timeout", -9, seconds=15.0),
    Verdict("Incomplete", 0, stderr="warn"),
    Verdict("Exception", 1, tests_passed=0, tests_total=4),
]


def write_lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_multipl_e_row_is_written_back_unchanged(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", ROW)
    write_tasks(tmp_path / "out.jsonl", read_tasks(source))
    assert json.loads((tmp_path / "out.jsonl").read_text()) == ROW


@pytest.mark.parametrize("ending", ENDINGS)
def test_tasks_survive_a_round_trip(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"tasks.{ending}"
    plain = Task("b", "py", "p", "t")
    write_tasks(file, [TASK, plain])
    assert read_tasks(file) == [TASK, plain]


@pytest.mark.parametrize("ending", ENDINGS)
def test_candidates_survive_a_round_trip(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"candidates.{ending}"
    write_candidates(file, CANDIDATES)
    assert read_candidates(file) == CANDIDATES


@pytest.mark.parametrize("ending", ENDINGS)
def test_labelled_rows_survive_a_round_trip(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"labelled.{ending}"
    rows = list(zip(CANDIDATES, VERDICTS, strict=True))
    write_labelled(file, rows)
    assert read_labelled(file) == rows


@pytest.mark.parametrize("ending", ENDINGS)
def test_pairs_survive_a_round_trip(tmp_path: Path, ending: str) -> None:
    pairs = [Pair("a", "js", "good", "bad"), Pair("b", "py", "x", "y", "mined", 2.0)]
    write_pairs(tmp_path / f"pairs.{ending}", pairs)
    assert read_pairs(tmp_path / f"pairs.{ending}") == pairs


@settings(max_examples=50, deadline=None)
@given(text=st.text(st.characters(exclude_categories=())))
def test_any_text_survives_json_lines(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.mktemp("any") / "c.jsonl"
    write_candidates(file, [Candidate("a", "py", text)])
    assert read_candidates(file)[0].text == text


@pytest.mark.parametrize(
    "text", ["nul \0 byte", "line\u2028separator", "a\r\nb", "\ufeffbom", "🙂"]
)
@pytest.mark.parametrize("ending", ENDINGS)
def test_awkward_texts_survive_every_format(tmp_path: Path, text: str, ending: str) -> None:
    write_candidates(tmp_path / f"c.{ending}", [Candidate("a", "py", text)])
    assert read_candidates(tmp_path / f"c.{ending}")[0].text == text


def test_lone_surrogate_is_escaped_in_parquet(tmp_path: Path) -> None:
    write_candidates(tmp_path / "c.parquet", [Candidate("a", "py", "x\ud800y")])
    assert read_candidates(tmp_path / "c.parquet")[0].text == "x\\ud800y"


@pytest.mark.parametrize("field", ["name", "language", "prompt", "tests"])
def test_missing_task_field_is_named_with_its_line(tmp_path: Path, field: str) -> None:
    bad = {key: value for key, value in ROW.items() if key != field}
    file = write_lines(tmp_path / "tasks.jsonl", ROW, ROW, bad)
    with pytest.raises(UserError) as caught:
        read_tasks(file)
    assert str(caught.value) == f"{file}, line 3: the field '{field}' is missing"


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"name": "a", "language": "py"}, "'completion' is missing"),
        ({"name": "a", "completion": "x"}, "'language' is missing"),
        ({"name": 3, "language": "py", "completion": "x"}, "'name' must be text, not int"),
        ({"name": "a", "language": "py", "completion": ["x"]}, "'completion' must be text"),
        ({"name": "a", "language": "py", "completion": "x", "sample": "1"}, "a whole number"),
        ({"name": "a", "language": "py", "completion": "x", "sample": True}, "a whole number"),
        ({"name": "a", "language": "py", "completion": "x", "logprobs": [None]}, "'logprobs'"),
        ([1], "a JSON object is expected, not list"),
    ],
)
def test_unusable_candidate_row_is_named(tmp_path: Path, row: object, complaint: str) -> None:
    file = write_lines(tmp_path / "c.jsonl", row)
    with pytest.raises(UserError, match="line 1") as caught:
        read_candidates(file)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value"), [("difficulty", "hard"), ("split", "held-out"), ("stop_tokens", "\n")]
)
def test_task_field_of_a_wrong_kind_is_named(tmp_path: Path, field: str, value: object) -> None:
    file = write_lines(tmp_path / "t.jsonl", ROW | {field: value})
    with pytest.raises(UserError, match=f"line 1: the field '{field}' must be"):
        read_tasks(file)


def test_broken_json_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text(json.dumps(ROW) + "\n\n{oops\n")
    with pytest.raises(UserError, match="line 3: not JSON"):
        read_tasks(file)


def test_bytes_that_are_not_utf8_are_named(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(b'{"name": "\xff"}\n')
    with pytest.raises(UserError, match="line 1: not UTF-8"):
        read_tasks(tmp_path / "t.jsonl")


def test_bad_row_of_a_parquet_file_is_named(tmp_path: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame({"name": ["a", "b"], "language": ["py", None], "completion": ["x", "y"]})
    frame.to_parquet(tmp_path / "c.parquet")
    with pytest.raises(UserError, match="row 2: the field 'language' is missing"):
        read_candidates(tmp_path / "c.parquet")


def test_cut_gzip_and_damaged_parquet_are_user_errors(tmp_path: Path) -> None:
    write_candidates(tmp_path / "c.jsonl.gz", CANDIDATES * 50)
    data = (tmp_path / "c.jsonl.gz").read_bytes()
    (tmp_path / "c.jsonl.gz").write_bytes(data[: len(data) // 2])
    (tmp_path / "c.parquet").write_bytes(b"not parquet")
    for name in ("c.jsonl.gz", "c.parquet"):
        with pytest.raises(UserError, match=name):
            read_candidates(tmp_path / name)


def test_missing_file_and_unknown_ending_are_user_errors(tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").touch()
    with pytest.raises(UserError, match="there is no such file"):
        read_tasks(tmp_path / "none.jsonl")
    with pytest.raises(UserError, match=r"must end in one of \.jsonl"):
        read_tasks(tmp_path / "tasks.csv")
    with pytest.raises(UserError, match=r"must end in \.jsonl"):
        write_tasks(tmp_path / "out.csv", [])


def test_samples_without_a_number_are_numbered_within_their_task(tmp_path: Path) -> None:
    rows = [{"name": n, "language": "py", "completion": "x"} for n in ("a", "b", "a", "a")]
    file = write_lines(tmp_path / "c.jsonl", *rows)
    assert [c.index for c in read_candidates(file)] == [0, 0, 1, 2]


def test_single_logprob_is_the_total(tmp_path: Path) -> None:
    row = {"name": "a", "language": "py", "completion": "x", "logprob": -3.5}
    assert read_candidates(write_lines(tmp_path / "c.jsonl", row))[0].total_logprob == -3.5


def gzipped(path: Path, content: object) -> None:
    path.write_bytes(gzip.compress(json.dumps(content).encode()))


def test_multipl_e_folder_gives_every_completion_in_file_order(tmp_path: Path) -> None:
    for name in ("b", "a"):
        gzipped(tmp_path / f"{name}.json.gz", ROW | {"name": name, "completions": ["x", "y"]})
    gzipped(tmp_path / "a.results.json.gz", {"results": "not read for candidates"})
    candidates = read_candidates(tmp_path)
    assert [(c.task, c.index, c.text) for c in candidates] == [
        ("a", 0, "x"),
        ("a", 1, "y"),
        ("b", 0, "x"),
        ("b", 1, "y"),
    ]


def test_multipl_e_results_give_completions_and_verdicts(tmp_path: Path) -> None:
    program = ROW["prompt"] + "  return x" + "\n" + ROW["tests"]  # type: ignore[operator]
    result = {"program": program, "stdout": "", "stderr": "E", "exit_code": 1, "timestamp": 3}
    results = [result | {"status": "Exception"}, result | {"status": "OK", "exit_code": 0}]
    gzipped(tmp_path / "a.results.json.gz", ROW | {"results": results})
    (first, failed), (second, passed) = read_labelled(tmp_path)
    assert (first.text, first.index, second.index) == ("  return x", 0, 1)
    assert (failed.status, failed.stderr, passed.passed) == ("Exception", "E", True)


def test_columns_of_the_hubs_completions_are_read(tmp_path: Path) -> None:
    import pandas as pd

    row = {
        "experiment": "humaneval-py-model-0.8-reworded",
        "problem": "HumanEval_0",
        "language": "py",
        "completions": ["x", "y"],
        "statuses": ["OK", "Timeout"],
        "exit_codes": [0, -1],
        "stdouts": ["", "o"],
        "stderrs": ["", "e"],
    }
    pd.DataFrame([row]).to_parquet(tmp_path / "hub.parquet")
    labelled = read_labelled(tmp_path / "hub.parquet")
    assert [(c.task, c.text, c.index) for c, _ in labelled] == [
        ("HumanEval_0", "x", 0),
        ("HumanEval_0", "y", 1),
    ]
    assert [(v.status, v.exit_code, v.stderr) for _, v in labelled] == [
        ("OK", 0, ""),
        ("Timeout", -1, "e"),
    ]
    assert [c for c, _ in labelled] == read_candidates(tmp_path / "hub.parquet")


def test_status_lists_shorter_than_the_completions_are_named(tmp_path: Path) -> None:
    row = {"problem": "a", "language": "py", "completions": ["x", "y"]}
    file = write_lines(tmp_path / "h.jsonl", row | {"statuses": ["OK"], "exit_codes": [0]})
    with pytest.raises(UserError, match="'statuses' is not as long as 'completions'"):
        read_labelled(file)


def test_ok_with_another_exit_code_is_not_a_pass(tmp_path: Path) -> None:
    row = {"name": "a", "language": "py", "completion": "x", "status": "OK", "exit_code": 3}
    assert not read_labelled(write_lines(tmp_path / "l.jsonl", row))[0][1].passed


def test_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    file = tmp_path / "c.jsonl"
    write_candidates(file, CANDIDATES)

    def broken():  # type: ignore[no-untyped-def]
        yield CANDIDATES[0]
        raise RuntimeError("the sampler died")

    with pytest.raises(RuntimeError):
        write_candidates(file, broken())
    assert read_candidates(file) == CANDIDATES
    assert [entry.name for entry in tmp_path.iterdir()] == ["c.jsonl"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_equal_rows_give_equal_bytes(tmp_path: Path, ending: str) -> None:
    for name in ("one", "two"):
        write_candidates(tmp_path / f"{name}.{ending}", CANDIDATES)
    first, second = (tmp_path / f"{name}.{ending}" for name in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()


def test_iterating_takes_constant_memory(tmp_path: Path) -> None:
    rows = 3000
    file = tmp_path / "big.jsonl"
    write_candidates(file, (Candidate("a", "py", "x" * 2000, i) for i in range(rows)))
    tracemalloc.start()
    count = sum(1 for _ in iter_candidates(file))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == rows
    assert peak < file.stat().st_size / 4


def test_write_json_makes_its_folder(tmp_path: Path) -> None:
    write_json(tmp_path / "deep" / "report.json", {"ü": [1, None]})
    assert json.loads((tmp_path / "deep" / "report.json").read_text()) == {"ü": [1, None]}


@pytest.mark.shared
def test_real_multipl_e_rows_are_written_back_unchanged(shared_data: Path, tmp_path: Path) -> None:
    for file in sorted((shared_data / "multipl_e").glob("*.jsonl")):
        write_tasks(tmp_path / "out.jsonl", read_tasks(file))
        before, after = file.read_text().splitlines(), (tmp_path / "out.jsonl").read_text()
        assert [json.loads(line) for line in before] == [
            json.loads(line) for line in after.splitlines()
        ]
