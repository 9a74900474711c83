"""``python -m loop.report RUN_DIR``: set a run's report again from its report.json."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from loop.report import final_table, read_report, write_report
from multipl_e.cli import run_command


@dataclass(frozen=True)
class ReportOptions:
    """Which run to report.

    Attributes:
        run_dir: The run's directory, such as artifacts/runs/NAME.
    """

    run_dir: Path


def report_run(options: ReportOptions) -> None:
    """Write report.md and report.html of a run and print its final table."""
    report = read_report(options.run_dir)
    write_report(report, options.run_dir)
    console = Console()
    console.print(final_table(report))
    console.print(str(options.run_dir / "report.html"), markup=False, soft_wrap=True)


if __name__ == "__main__":
    run_command(
        ReportOptions,
        report_run,
        prog="python -m loop.report",
        description="Write report.md and report.html of a run from its report.json, and print the "
        "table of its figures. Example: python -m loop.report artifacts/runs/NAME",
        positional=["run_dir"],
    )
