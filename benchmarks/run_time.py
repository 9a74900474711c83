"""How long the embedded default takes, and how much memory: one whole run, nothing else running.

python benchmarks/run_time.py --output artifacts/runs/timed --seed 6
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
from machine import provenance

from multipl_e.files import write_json

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("artifacts/runs/timed"))
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--options", nargs=argparse.REMAINDER, default=[], help="for loop.iterate")
    options = parser.parse_args()
    if options.output.exists():
        raise SystemExit(f"{options.output} is there already: only a whole run can be timed")
    command = [sys.executable, "-m", "loop.iterate", "--rounds", str(options.rounds)]
    command += ["--seed", str(options.seed), "--output", str(options.output), *options.options]
    load_before = psutil.getloadavg()[0]
    started = time.monotonic()
    process = subprocess.Popen(command)
    peak = [0]
    watcher = threading.Thread(target=watch_memory, args=(process.pid, peak), daemon=True)
    watcher.start()
    if process.wait():
        raise SystemExit("the run failed")
    report = {
        **provenance(),
        "seconds": time.monotonic() - started,
        "peak_gib": peak[0] / 2**30,
        "load_average_before": load_before,
        "stage_seconds": stage_seconds(options.output),
    }
    write_json(RESULTS / "run_time.json", report)
    print(json.dumps(report, indent=1))


def watch_memory(pid: int, peak: list[int]) -> None:
    """Largest sum of proportional memory (shared pages counted once) over a process's tree."""
    while True:
        total = 0
        try:
            parent = psutil.Process(pid)
            for process in [parent, *parent.children(recursive=True)]:
                try:
                    total += process.memory_full_info().pss
                except (psutil.NoSuchProcess, psutil.AccessDenied):
                    continue
        except psutil.NoSuchProcess:
            return
        peak[0] = max(peak[0], total)
        time.sleep(0.5)


def stage_seconds(run: Path) -> dict[str, Any]:
    """Seconds of every stage, the rounds' added up."""
    report = json.loads((run / "report.json").read_text())
    found: dict[str, float] = dict(report["setup_seconds"])
    for entry in report["rounds"]:
        for name, seconds in entry["seconds"].items():
            found[f"rounds: {name}"] = found.get(f"rounds: {name}", 0.0) + seconds
    return found


if __name__ == "__main__":
    main()
