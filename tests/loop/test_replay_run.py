"""The whole loop over recorded samples: nothing is sampled, nothing is executed, no PPO."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from loop.tasks import SPLITS
from multipl_e.records import Candidate, Task, Verdict
from multipl_e.tables import write_labelled, write_tasks

OPTIONS = """
rounds: 2
generator: {num_candidates: 4, num_probes: 4, recorded_verdicts: true}
reranker: {max_steps: 2, eval_every: 1, groups_per_step: 2}
threads: 1
"""


@pytest.mark.slow
def test_recorded_samples_of_tasks_without_solutions_are_enough(tmp_path: Path) -> None:
    tasks = [
        Task(f"{split}{number}", "py", f"def add_{number}(x):\n", "", split=split)
        for split in SPLITS
        for number in range(4)
    ]
    rows = [
        (
            Candidate(task.name, "py", f"    return x + {number}\n", index=number),
            Verdict("OK", 0) if number % 3 == 0 else Verdict("Exception", 1),
        )
        for task in tasks
        for number in range(16)
    ]
    write_tasks(tmp_path / "tasks.jsonl", tasks)
    write_labelled(tmp_path / "candidates.jsonl", rows)
    (tmp_path / "options.yaml").write_text(OPTIONS)
    command = [sys.executable, "-m", "loop.iterate", "--preset", "replay"]
    command += ["--config", str(tmp_path / "options.yaml"), "--output", str(tmp_path / "run")]
    command += ["--tasks.file", str(tmp_path / "tasks.jsonl")]
    command += ["--generator.candidates", str(tmp_path / "candidates.jsonl")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert [entry["round"] for entry in report["rounds"]] == [1, 2]
    assert "hard_negatives_now_ranked_below_passing" in report["rounds"][1]["overall"]
    assert not list((tmp_path / "run").glob("round-*/policy"))
