"""Programs per second, language by language: ours with isolation beside the reference without.

    python benchmarks/executors.py --rows 12 --languages py,ts,java

One program at a time on both sides, turn by turn in one run, so that whatever else the machine does
hits both. Ours: isolation on, no cache, sandboxes warm (their start is measured by itself). The
reference: see reference_procedure.py. A third turn asks for executed lines. CPU seconds of all
processes are counted too: they hardly depend on what else runs.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from machine import provenance
from reference_procedure import PROCEDURES, carry_out
from shared_rows import Item, smoke_rows, verdict_rows

from multipl_e.errors import UserError
from multipl_e.executors import Executor, available_languages
from multipl_e.files import write_json
from multipl_e.languages import get_language

RESULTS = Path(__file__).parent / "results"
TARGETS = {
    "py": 5.0, "ts": 8.0, "java": 4.0, "cpp": 3.0, "cs": 1.5, "scala": 1.5, "rs": 1.5, "d": 1.5,
}  # fmt: skip
COVERED = ("py", "js", "ts", "java", "cpp", "go", "php", "rb", "pl", "lua", "sh")
_TICK = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=12, help="programs of each language")
    parser.add_argument("--languages", default="", help="comma-separated; by default all here")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-coverage", action="store_true")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    present = [name for name, status in available_languages().items() if status.available]
    chosen = [n for n in options.languages.split(",") if n] or [
        n for n in present if n in PROCEDURES
    ]
    table = {}
    for language in chosen:
        items = sample(language, options.rows, options.seed)
        table[language] = measure(language, items, coverage=not options.no_coverage)
        print(row(language, table[language]), flush=True)
    result = {**provenance(), "workers": 1, "rows": options.rows, "languages": table}
    options.output.mkdir(parents=True, exist_ok=True)
    write_json(options.output / "executors.json", result)
    (options.output / "executors.md").write_text(markdown(table))


def sample(language: str, count: int, seed: int) -> list[Item]:
    """Programs of the shared data that ended in time (a loop costs both sides its limit)."""
    try:
        rows = [item for item, status in verdict_rows(language) if status != "Timeout"]
    except UserError:
        return smoke_rows(language, count)
    return random.Random(seed).sample(rows, min(count, len(rows)))


def measure(language: str, items: list[Item], *, coverage: bool) -> dict[str, Any]:
    """Seconds of both sides, wall and CPU, over the same programs."""
    known = get_language(language)
    ours, reference, covered = Side(), Side(), Side()
    inside = bare = waited = 0.0
    with Executor(workers=1) as executor:
        start = time.monotonic()
        executor.judge(smoke_rows(language, 1))
        start_seconds = time.monotonic() - start
        if coverage and language in COVERED:
            executor.judge(smoke_rows(language, 1), coverage=True)
        for item in items:
            (verdict,) = ours.take(lambda item=item: executor.judge([item]))
            inside += verdict.seconds
            text = known.assemble(*item).text
            timing = reference.take(lambda text=text: carry_out(language, text))
            bare += timing.run_seconds
            waited += timing.seconds_with_waiting
            if coverage and language in COVERED:
                covered.take(lambda item=item: executor.judge([item], coverage=True))
    result = {
        "programs": len(items),
        "ours_per_second": round(len(items) / ours.seconds, 2),
        "reference_per_second": round(len(items) / reference.seconds, 2),
        "ratio": round(reference.seconds / ours.seconds, 2),
        "ratio_with_waiting": round(waited / ours.seconds, 2),
        "cpu_ratio": round(reference.cpu / ours.cpu, 2),
        "target": TARGETS.get(language, 1.0),
        "ours_cpu_seconds_each": round(ours.cpu / len(items), 4),
        "reference_cpu_seconds_each": round(reference.cpu / len(items), 4),
        "reference_share_of_bare_run": round(bare / reference.seconds, 3),
        "ours_share_inside_sandbox": round(inside / ours.seconds, 3),
        "bare_run_seconds_each": round(bare / len(items), 4),
        "start_seconds": round(start_seconds, 2),
    }
    if covered.seconds:
        result["coverage_cost"] = round(covered.seconds / ours.seconds, 2)
        result["coverage_cpu_cost"] = round(covered.cpu / ours.cpu, 2)
    return result


class Side:
    """Wall and CPU seconds that one side has taken."""

    def __init__(self) -> None:
        self.seconds = self.cpu = 0.0

    def take(self, act: Callable[[], Any]) -> Any:
        """Its next turn."""
        cpu, start = cpu_seconds(), time.monotonic()
        result = act()
        self.seconds += time.monotonic() - start
        self.cpu += cpu_seconds() - cpu
        return result


def cpu_seconds() -> float:
    """What this process and all below it, living or gone, have used."""
    total = 0
    waiting = [os.getpid()]
    while waiting:
        pid = waiting.pop()
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            for thread in os.listdir(f"/proc/{pid}/task"):
                text = Path(f"/proc/{pid}/task/{thread}/children").read_text()
                waiting += map(int, text.split())
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))
    return total / _TICK


def row(language: str, figures: dict[str, Any]) -> str:
    """One line of the table."""
    return (
        f"| {language} | {figures['ours_per_second']} | {figures['reference_per_second']}"
        f" | {figures['ratio']}× | {figures['cpu_ratio']}×"
        f" | {figures['ratio_with_waiting']}× | ≥ {figures['target']:g}×"
        f" | {figures['reference_share_of_bare_run']:.0%} | {figures.get('coverage_cost', '-')} |"
    )


def markdown(table: dict[str, Any]) -> str:
    """The table as a page."""
    names = (
        "language", "ours, programs/s", "reference, programs/s", "ratio", "ratio of CPU time",
        "ratio, its waiting counted", "target", "bare run in the reference's time",
        "with executed lines, ×",
    )  # fmt: skip
    head = f"| {' | '.join(names)} |\n{'|---' * len(names)}|\n"
    text = __doc__.split("\n\n")
    return f"# {text[0]}\n\n{text[2]}\n\n{head}" + "\n".join(map(row, table, table.values())) + "\n"


if __name__ == "__main__":
    main()
