"""The process that measures beside the training: it ends with the run, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from loop.beside import _ctrl_c_put_off

SMALL = """
tasks: {languages: [py], num_train: 6, tasks_per_round: 6, num_valid: 4, num_test: 6,
        depths: [1, 2]}
generator: {num_candidates: 2, num_probes: 2, max_new_tokens: 48}
sft: {max_steps: 2}
reranker: {max_steps: 2, eval_every: 1, groups_per_step: 2}
threads: 2
"""

# Minutes of sampling, none of which has to end.
LONG = ("--tasks.num-test", "200", "--generator.num-candidates", "64")

pytestmark = pytest.mark.slow


def start(output: Path, *extra: str) -> tuple[subprocess.Popen[str], int]:
    """A run, and the process of its that measures as soon as it is there."""
    config = output.with_suffix(".yaml")
    config.write_text(SMALL)
    words = ["-m", "loop.iterate", "--config", str(config), "--rounds", "1", "--output", output]
    words += extra
    run = subprocess.Popen(
        [sys.executable, *map(str, words)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while run.poll() is None:
        with suppress(psutil.Error):  # some other child came and went
            for child in psutil.Process(run.pid).children():
                if "--multiprocessing-fork" in child.cmdline():
                    return run, child.pid
        time.sleep(0.01)
    raise AssertionError(run.communicate()[1])


def is_gone(pid: int) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


def test_ctrl_c_does_not_cut_the_start_of_a_process_in_two_whatever_thread_gets_it() -> None:
    may_go, steps = threading.Event(), []

    def get_it() -> None:
        may_go.wait()
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    other = threading.Thread(target=get_it)
    other.start()
    with pytest.raises(KeyboardInterrupt), _ctrl_c_put_off():
        may_go.set()
        other.join()
        steps.append("the block's last line")
    assert steps


@pytest.mark.parametrize("seconds", [0, 8])  # while it starts, and when it has
def test_ctrl_c_ends_it_without_a_word(tmp_path: Path, seconds: float) -> None:
    run, child = start(tmp_path / "run", *LONG)
    time.sleep(seconds)
    os.killpg(run.pid, signal.SIGINT)
    errors = run.communicate()[1]
    assert run.returncode == 130
    assert "Traceback" not in errors
    assert "finished work is kept" in errors
    assert is_gone(child)


def test_a_run_that_is_killed_takes_it_along(tmp_path: Path) -> None:
    run, child = start(tmp_path / "run", *LONG)
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
