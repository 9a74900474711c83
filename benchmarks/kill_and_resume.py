"""Kill a run with SIGKILL at random moments, resume it each time, compare the final reports.

    python benchmarks/kill_and_resume.py --kills 10 --seed 0

The run is the default one made small (two rounds, a few tasks), on the shipped models.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from bisect import bisect
from itertools import accumulate
from pathlib import Path
from typing import Any

from machine import provenance

from multipl_e.files import write_json

RESULTS = Path(__file__).parent / "results"
SMALL = {
    "--rounds": "2",
    "--tasks.num-train": "40",
    "--tasks.tasks-per-round": "12",
    "--tasks.num-valid": "6",
    "--tasks.num-test": "20",
    "--generator.num-candidates": "8",
    "--sft.max-steps": "5",
    "--reranker.max-steps": "10",
    "--reranker.eval-every": "5",
    "--ppo.num-steps": "2",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        whole, killed = Path(folder) / "whole", Path(folder) / "killed"
        started = time.monotonic()
        start(whole).wait()
        seconds = time.monotonic() - started
        moments = random_moments(whole, options.kills, random.Random(options.seed))
        kills = kill_at(killed, moments)
        resumed = start(killed)
        assert resumed.wait() == 0
        reports = [
            untimed(json.loads((run / "report.json").read_text())) for run in (whole, killed)
        ]
    result = {
        **provenance(),
        "seconds_uninterrupted": round(seconds, 1),
        "kills": kills,
        "same_report": reports[0] == reports[1],
        "differences": differences(*reports),
    }
    write_json(RESULTS / "kill_and_resume.json", result)
    print(json.dumps(result, indent=1))
    sys.exit(0 if result["same_report"] and len(kills) == options.kills else 1)


def start(output: Path) -> subprocess.Popen[bytes]:
    """The run in a process group of its own, so that a kill leaves nothing behind."""
    arguments = [word for pair in SMALL.items() for word in pair]
    command = [sys.executable, "-m", "loop.iterate", *arguments, "--output", str(output)]
    silent = subprocess.DEVNULL
    return subprocess.Popen(command, stdout=silent, stderr=silent, start_new_session=True)


def random_moments(whole: Path, times: int, rng: random.Random) -> list[tuple[int, float]]:
    """Moments of a finished run in their order: stages done by then, and seconds into the next.

    As if its stages had followed one another; two may run at the same time.
    """
    records = sorted((whole / ".stages").glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    ends = list(accumulate(json.loads(path.read_text())["seconds"] for path in records))
    moments = []
    for moment in sorted(rng.uniform(0, ends[-1]) for _ in range(times)):
        done = bisect(ends, moment)
        moments.append((done, moment - ([0.0, *ends][done])))
    return moments


def kill_at(output: Path, moments: list[tuple[int, float]]) -> list[dict[str, Any]]:
    """Start the run once for each moment and kill it there; says which stages were done."""
    kills: list[dict[str, Any]] = []
    for num_done, seconds in moments:
        started, process = time.time(), start(output)
        while process.poll() is None and not under_way(output, num_done, started):
            time.sleep(0.02)
        time.sleep(seconds)
        if process.poll() is not None:
            break  # it ended before that: fewer kills than were asked for
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        done = len(stages_done(output))
        kills.append({"stages_done": done, "seconds_into_the_next": round(seconds, 2)})
    return kills


def under_way(output: Path, num_done: int, started: float) -> bool:
    """Whether that many stages are done and the next has begun, in a process started then."""
    try:  # A stage that was killed leaves an older folder.
        begun = any(path.stat().st_mtime > started for path in output.glob(".unfinished*"))
    except FileNotFoundError:
        return False
    return begun and len(stages_done(output)) >= num_done


def stages_done(output: Path) -> list[Path]:
    """Records of the stages that are finished."""
    return list((output / ".stages").glob("*.json"))


def untimed(report: Any) -> Any:
    """The report without what a clock said."""
    if isinstance(report, dict):
        return {k: untimed(v) for k, v in report.items() if not k.endswith("seconds")}
    return [untimed(item) for item in report] if isinstance(report, list) else report


def differences(one: Any, other: Any, place: str = "") -> list[str]:
    """Where two reports differ, and in what."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted({*one, *other})
        parts = [differences(one.get(k), other.get(k), f"{place}/{k}") for k in keys]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        both = enumerate(zip(one, other, strict=True))
        parts = [differences(a, b, f"{place}/{i}") for i, (a, b) in both]
    else:
        return [] if one == other else [f"{place}: {one!r:.60} and {other!r:.60}"]
    return [line for part in parts for line in part]


if __name__ == "__main__":
    main()
