"""Very many tiny Python programs through the evaluator, which is killed now and then on the way.

    python benchmarks/evaluate_many.py --candidates 100000 --kills 3

Every program is another one (its number is in a comment). Memory is sampled while it runs: of the
evaluator itself and of all the processes below it. Killed with SIGKILL at random moments, the same
command is started again. At the end every candidate must be there once, in order, and right.
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
from pathlib import Path
from typing import Any

from machine import provenance

from multipl_e.files import write_json

RESULTS = Path(__file__).parent / "results"
TASK = {
    "name": "increment",
    "language": "py",
    "prompt": "def increment(x):\n",
    "tests": "def check(candidate):\n    assert candidate(1) == 2\n\ncheck(increment)\n",
    "stop_tokens": [],
}
_PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--candidates", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--kill-after", type=float, default=60.0, help="seconds, on average")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_inputs(folder, options.candidates)
        command = [
            *(sys.executable, "-m", "multipl_e.evaluate", "--workers", str(options.workers)),
            *("--tasks", str(folder / "tasks.jsonl"), "--output", str(folder / "output")),
            *("--candidates", str(folder / "candidates.jsonl")),
        ]
        samples: list[dict[str, float]] = []
        kills: list[int] = []
        start = time.monotonic()
        while len(kills) < options.kills:
            moment = rng.uniform(0.5, 1.5) * options.kill_after
            if run(command, folder, samples, start, moment):
                break
            kills.append(journalled(folder))
        else:
            run(command, folder, samples, start, None)
        seconds = time.monotonic() - start
        progress_lines = (folder / "log").read_text().count("judging:")
        result = {
            **provenance(),
            "workers": options.workers,
            "candidates": options.candidates,
            "seconds": round(seconds, 1),
            "per_second": round(options.candidates / seconds, 1),
            "killed_when_so_many_were_judged": kills,
            **counts(folder, options.candidates),
            "progress_lines": progress_lines,
            "evaluator_mib_after_a_tenth": at_share(samples, 0.1, "evaluator_mib"),
            "evaluator_mib_at_the_end": at_share(samples, 1.0, "evaluator_mib"),
            "all_mib_after_a_tenth": at_share(samples, 0.1, "all_mib"),
            "all_mib_at_the_end": at_share(samples, 1.0, "all_mib"),
            "samples": samples[:: max(1, len(samples) // 40)],
        }
    options.output.mkdir(parents=True, exist_ok=True)
    write_json(options.output / "evaluate_many.json", result)
    print(json.dumps({k: v for k, v in result.items() if k != "samples"}, indent=1))


def write_inputs(folder: Path, count: int) -> None:
    """The task, and as many candidates as wanted; every tenth is wrong."""
    (folder / "tasks.jsonl").write_text(json.dumps(TASK) + "\n")
    with (folder / "candidates.jsonl").open("w") as file:
        for number in range(count):
            text = f"    return x + {2 if number % 10 == 0 else 1}  # {number}\n"
            row = {"name": "increment", "language": "py", "completion": text, "sample": number}
            file.write(json.dumps(row) + "\n")


def run(
    command: list[str],
    folder: Path,
    samples: list[dict[str, float]],
    start: float,
    kill_after: float | None,
) -> bool:
    """Run the evaluator, sampling memory; whether it came to its end before it was killed."""
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        began = time.monotonic()
        while process.poll() is None:
            time.sleep(0.5)
            now = time.monotonic()
            if kill_after is not None and now - began > kill_after:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                return False
            evaluator, everything = memory(process.pid)
            if evaluator:
                samples.append(
                    {
                        "seconds": round(now - start, 1),
                        "evaluator_mib": round(evaluator / 2**20, 1),
                        "all_mib": round(everything / 2**20, 1),
                    }
                )
    if process.returncode != 0:
        raise SystemExit((folder / "log").read_text()[-2000:])
    return True


def memory(pid: int) -> tuple[int, int]:
    """Resident bytes of a process, and of it with all below it (shared pages counted often)."""
    own = total = 0
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        try:
            resident = int(Path(f"/proc/{one}/statm").read_text().split()[1]) * _PAGE
            for thread in os.listdir(f"/proc/{one}/task"):
                children = Path(f"/proc/{one}/task/{thread}/children").read_text()
                waiting += map(int, children.split())
        except (OSError, IndexError):
            continue
        own = resident if one == pid else own
        total += resident
    return own, total


def journalled(folder: Path) -> int:
    """How many verdicts are on disk."""
    place = folder / "output" / "results.partial.jsonl"
    return place.read_bytes().count(b"\n") if place.exists() else 0


def counts(folder: Path, expected: int) -> dict[str, Any]:
    """Whether every candidate is there once, in order, with the verdict that it must have."""
    wrong = rows = 0
    with (folder / "output" / "results.jsonl").open() as file:
        for rows, line in enumerate(file, 1):
            row = json.loads(line)
            status = "Exception" if (rows - 1) % 10 == 0 else "OK"
            wrong += row["index"] != rows - 1 or row["status"] != status
    return {"rows": rows, "lost": expected - rows, "wrong_or_out_of_order": wrong}


def at_share(samples: list[dict[str, float]], share: float, name: str) -> float | None:
    """The sample at this part of the run."""
    return samples[min(len(samples) - 1, int(share * len(samples)))][name] if samples else None


if __name__ == "__main__":
    main()
