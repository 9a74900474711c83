"""The report of a run: report.json set as a page, as Markdown and as a terminal table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loop.report.console import final_table
from loop.report.metrics import Report
from multipl_e.errors import UserError
from multipl_e.files import write_text

__all__ = ["final_table", "read_report", "write_report"]

_SHAPES: dict[str, type] = {
    "config": dict,
    "environment": dict,
    "rounds": list,
    "final": dict,
    "curves": dict,
    "score_histograms": dict,
    "hard_negatives": list,
    "calibration": dict,
    "ppo": list,
}


def read_report(run_dir: Path) -> dict[str, Any]:
    """Read a run's ``report.json``.

    Raises:
        UserError: There is no such run, or its report cannot be read.
    """
    path = run_dir / "report.json"
    if not run_dir.is_dir():
        raise UserError(f"{run_dir}: there is no such run directory")
    if not path.is_file():
        raise UserError(
            f"{run_dir}: holds no report.json; finish the run first (python -m loop.iterate)"
        )
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{path}: is not valid JSON ({error}); resume the run to write it again"
        ) from None
    if not isinstance(report, dict):
        raise UserError(f"{path}: should hold a JSON object, the report of a run")
    for key, shape in _SHAPES.items():
        if report.get(key) is not None and not isinstance(report[key], shape):
            kind = "an object" if shape is dict else "a list"
            raise UserError(f"{path}: '{key}' should be {kind}; resume the run to write it again")
    return report


def write_report(report: Report, run_dir: Path) -> None:
    """Write ``report.md`` and ``report.html`` of a run, each atomically.

    Args:
        report: The contents of ``report.json``; any key may be missing.
        run_dir: The run's directory.
    """
    # Matplotlib takes a second to import: only a command that draws pays for it.
    from loop.report.html import render_html
    from loop.report.markdown import render_markdown

    write_text(run_dir / "report.md", render_markdown(report))
    write_text(run_dir / "report.html", render_html(report))
