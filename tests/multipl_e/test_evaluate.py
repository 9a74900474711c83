"""The evaluate command: its files, resuming, refusing, MultiPL-E's folders."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from multipl_e.errors import UserError
from multipl_e.evaluate import EvaluateOptions, evaluate
from multipl_e.evaluation.journal import Journal
from multipl_e.evaluation.summary import Tally
from multipl_e.metrics import pass_at_k

ROOT = Path(__file__).resolve().parents[2]
TASKS = [
    {
        "name": name,
        "language": "py",
        "prompt": f"def {name}(x):\n",
        "tests": f"def check(f):\n    assert f(1) == {value}\n\ncheck({name})\n",
        "stop_tokens": ["\ndef"],
    }
    for name, value in (("one", 2), ("two", 3))
]
CANDIDATES = [
    {"name": "one", "language": "py", "completion": "    return x + 1\n"},
    {"name": "two", "language": "py", "solution": "def two(x):\n    return x + 2\n"},
    {"name": "one", "language": "py", "completion": "    return x\n"},
    {"name": "two", "language": "py", "answer": "```python\ndef two(x):\n    exit(0)\n```"},
]


def written(folder: Path, name: str, rows: list[dict]) -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def options(tmp_path: Path) -> EvaluateOptions:
    return EvaluateOptions(
        tasks=written(tmp_path, "tasks.jsonl", TASKS),
        candidates=written(tmp_path, "candidates.jsonl", CANDIDATES),
        output=tmp_path / "out",
        timeout=5,
        workers=1,
        ks=(1, 2),
    )


def results(options: EvaluateOptions) -> list[dict]:
    return [json.loads(line) for line in (options.output / "results.jsonl").open()]


def test_results_come_in_the_order_of_the_candidates(options: EvaluateOptions) -> None:
    evaluate(options)
    rows = results(options)
    assert [(r["name"], r["index"], r["status"], r["exit_code"]) for r in rows] == [
        ("one", 0, "OK", 0),
        ("two", 0, "OK", 0),
        ("one", 1, "Exception", 1),
        ("two", 1, "Incomplete", 0),
    ]
    assert set(rows[0]) >= {"name", "language", "index", "status", "exit_code", "stdout", "stderr"}
    assert not (options.output / "results.partial.jsonl").exists()


def test_summary(options: EvaluateOptions) -> None:
    evaluate(options)
    summary = json.loads((options.output / "summary.json").read_text())
    python = summary["languages"]["py"]
    assert (python["tasks"], python["candidates"], python["unjudged"]) == (2, 4, 0)
    assert python["statuses"]["OK"] == 2 and python["statuses"]["Incomplete"] == 1
    assert python["pass_at_k"]["1"]["value"] == 0.5
    assert python["pass_at_k"]["2"]["value"] == 1.0


def test_pass_at_k_is_the_unbiased_estimate_per_task() -> None:
    tally = Tally()
    for number in range(10):
        tally.add(("a", "py"), "OK" if number < 3 else "Timeout")
        tally.add(("b", "py"), "Exception")
    tally.add(("b", "py"), None)
    overall = tally.summary((1, 5, 50))["overall"]
    assert overall["pass_at_k"]["5"]["value"] == pytest.approx(pass_at_k(10, 3, 5) / 2)
    assert "50" not in overall["pass_at_k"]
    assert overall["unjudged"] == 1 and overall["candidates"] == 20


def test_the_same_command_again_changes_nothing(options: EvaluateOptions) -> None:
    evaluate(options)
    before = (options.output / "results.jsonl").read_bytes()
    evaluate(options)
    assert (options.output / "results.jsonl").read_bytes() == before


def test_a_journal_with_a_torn_line_goes_on(options: EvaluateOptions) -> None:
    evaluate(options)
    complete = results(options)
    (options.output / "results.jsonl").unlink()
    kept = {"position": 2, **{k: complete[2][k] for k in complete[2] if k not in ("name", "index")}}
    kept["stdout"] = "kept"
    torn = json.dumps(kept) + '\n{"position": 0, "status": "O'
    (options.output / "results.partial.jsonl").write_text(torn)
    evaluate(options)
    again = results(options)
    assert again[2]["stdout"] == "kept", "what was judged is not judged again"
    assert [row["status"] for row in again] == [row["status"] for row in complete]


def test_journal_keeps_the_first_of_two_rows(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", 3) as journal:
        journal.append(2, {"status": "OK"})
        journal.append(0, {"status": "Timeout"})
    with Journal(tmp_path / "j", 3) as journal:
        assert journal.num_done == 2 and journal.has(2) and not journal.has(1)
        assert list(journal.rows()) == [{"status": "Timeout"}, None, {"status": "OK"}]


def test_only_one_evaluation_writes_at_a_time(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", 1), pytest.raises(UserError, match="another evaluation"):
        Journal(tmp_path / "j", 1)


def test_other_settings_are_refused_by_name(options: EvaluateOptions) -> None:
    evaluate(options)
    changed = EvaluateOptions(**{**vars(options), "timeout": 9.0})
    with pytest.raises(UserError, match="timeout"):
        evaluate(changed)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"name": "thre", "language": "py", "completion": ""}, "no py task named 'thre'"),
        ({"name": "one", "language": "py"}, "completion"),
        ({"name": "one", "completion": ""}, "language"),
    ],
)
def test_bad_rows_are_named_before_anything_runs(
    options: EvaluateOptions, row: dict, said: str
) -> None:
    with options.candidates.open("a") as file:  # type: ignore[union-attr]
        file.write(json.dumps(row) + "\n")
    with pytest.raises(UserError, match=said):
        evaluate(options)
    assert not options.output.exists()


def test_impossible_limits_leave_no_folder_behind(options: EvaluateOptions) -> None:
    with pytest.raises(UserError, match="time limit must be above 0"):
        evaluate(EvaluateOptions(**{**vars(options), "timeout": -1.0}))
    assert not options.output.exists()


def test_another_evaluation_is_set_beside_it(options: EvaluateOptions) -> None:
    evaluate(options)
    with pytest.raises(UserError, match="nowhere: holds no results"):
        evaluate(EvaluateOptions(**{**vars(options), "compare": Path("nowhere")}))
    beside = {"output": options.output.parent / "b", "compare": options.output}
    evaluate(EvaluateOptions(**{**vars(options), **beside}))
    comparison = json.loads((beside["output"] / "comparison.json").read_text())
    assert comparison["languages"]["py"]["tasks"] == 2
    assert comparison["same_program_other_verdict"] == 0
    assert "Beside" in (beside["output"] / "report.html").read_text()


def test_interrupted_it_keeps_what_is_finished(tmp_path: Path) -> None:
    slow = "    import time\n    time.sleep(0.2)\n    return x + {}\n"
    rows = [{"name": "one", "language": "py", "completion": slow.format(n)} for n in range(100)]
    command = [sys.executable, "-m", "multipl_e.evaluate", "--workers", "1", "--output", "out"]
    command += ["--tasks", written(tmp_path, "tasks.jsonl", TASKS)]
    command += ["--candidates", written(tmp_path, "candidates.jsonl", rows)]
    process = subprocess.Popen(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    journal = tmp_path / "out/results.partial.jsonl"
    while process.poll() is None and not (journal.exists() and journal.stat().st_size):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said and "finished work is kept" in said
    kept = journal.read_text().splitlines()
    assert 0 < len(kept) < 100 and json.loads(kept[0])["status"] in ("OK", "Exception")


def test_folders_of_multipl_e(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for task in TASKS:
        row = {**task, "temperature": 0.7, "completions": ["    return x + 1\n", "    return 3\n"]}
        with gzip.open(folder / f"{task['name']}.json.gz", "wt") as file:
            json.dump(row, file)
    options = EvaluateOptions(
        tasks=folder, output=tmp_path / "out", multipl_e_results=True, workers=1, timeout=5
    )
    evaluate(options)
    with gzip.open(tmp_path / "out/multipl-e/two.results.json.gz", "rt") as file:
        content = json.load(file)
    assert (content["name"], content["temperature"]) == ("two", 0.7)
    assert [r["status"] for r in content["results"]] == ["Exception", "OK"]
    program = content["results"][1]["program"]
    assert program == TASKS[1]["prompt"] + "    return 3\n" + "\n" + TASKS[1]["tests"]
    assert set(content["results"][0]) == {
        "program", "stdout", "stderr", "exit_code", "status", "timestamp",
    }  # fmt: skip


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on(tmp_path: Path) -> None:
    rows = [
        {"name": "one", "language": "py", "completion": f"    return x + {n % 3}  # {n}\n"}
        for n in range(150)
    ]
    tasks = written(tmp_path, "tasks.jsonl", TASKS)
    candidates = written(tmp_path, "candidates.jsonl", rows)
    output = tmp_path / "out"
    command = [sys.executable, "-m", "multipl_e.evaluate", "--tasks", tasks, "--candidates"]
    command += [candidates, "--output", output, "--workers", "2"]
    for delay in (1.5, 2.5, 3.5):
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in (output / "results.jsonl").open()]
    assert [row["index"] for row in found] == list(range(150))
    assert [row["status"] == "OK" for row in found] == [n % 3 == 1 for n in range(150)]


def test_a_mistake_is_one_sentence_and_exit_code_2(options: EvaluateOptions) -> None:
    command = [sys.executable, "-m", "multipl_e.evaluate", "--tasks", "absent.jsonl", "--output"]
    done = subprocess.run([*command, "x"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "absent.jsonl" in done.stderr and "Traceback" not in done.stderr
