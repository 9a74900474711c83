"""The process that measures beside the training: it ends with the run, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SMALL = """
tasks: {languages: [py], num_train: 6, tasks_per_round: 6, num_valid: 4, num_test: 200,
        depths: [1, 2]}
generator: {num_candidates: 8, num_probes: 2, max_new_tokens: 48}
sft: {max_steps: 2}
reranker: {max_steps: 2, eval_every: 1, groups_per_step: 2}
threads: 2
"""

pytestmark = pytest.mark.slow


def start(output: Path) -> tuple[subprocess.Popen[str], int]:
    """A run, and the process of its that measures as soon as it is there."""
    config = output.with_suffix(".yaml")
    config.write_text(SMALL)
    words = ["-m", "loop.iterate", "--config", str(config), "--rounds", "1", "--output", output]
    run = subprocess.Popen(
        [sys.executable, *map(str, words)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while run.poll() is None:
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        for child in map(int, children):
            if b"--multiprocessing-fork" in Path(f"/proc/{child}/cmdline").read_bytes():
                return run, child
        time.sleep(0.01)
    raise AssertionError(run.communicate()[1])


def is_gone(pid: int) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("seconds", [0, 8])  # while it starts, and when it has
def test_ctrl_c_ends_it_without_a_word(tmp_path: Path, seconds: float) -> None:
    run, child = start(tmp_path / "run")
    time.sleep(seconds)
    os.killpg(run.pid, signal.SIGINT)
    errors = run.communicate()[1]
    assert run.returncode == 130
    assert "Traceback" not in errors
    assert "finished work is kept" in errors
    assert is_gone(child)


def test_a_run_that_is_killed_takes_it_along(tmp_path: Path) -> None:
    run, child = start(tmp_path / "run")
    time.sleep(8)
    run.kill()
    run.wait()
    assert is_gone(child)


def test_its_death_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    run, child = start(tmp_path / "run")
    os.kill(child, signal.SIGKILL)
    errors = run.communicate()[1]
    assert run.returncode == 2
    assert "repeat the command" in errors
    assert "Traceback" not in errors
