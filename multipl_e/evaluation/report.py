"""``report.html`` of an evaluation: one self-contained page with figures, plots and failures."""

from __future__ import annotations

import json
import multiprocessing
import signal
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from markupsafe import Markup

from multipl_e.evaluation.comparison import ComparedRow, Comparison
from multipl_e.evaluation.failures import MAX_FAILURES, Failures, failure_counts
from multipl_e.evaluation.outliers import Outliers
from multipl_e.evaluation.written import percent, percent_bounds, written_p_value
from multipl_e.files import write_text
from multipl_e.languages import get_language
from multipl_e.metrics import Interval
from multipl_e.pages import Cell, Heading, Table, render
from multipl_e.pages.code import visible
from multipl_e.records import Candidate, Status, Task

if TYPE_CHECKING:
    from multipl_e.pages.drawing import Plot

_HERE = Path(__file__).parent


def write_report(
    path: Path,
    summary: Mapping[str, Any],
    results: Iterable[tuple[Task, Candidate, Mapping[str, Any]]],
    *,
    timeout: float,
    comparison: Comparison | None = None,
    max_failures: int = MAX_FAILURES,
) -> None:
    """Write the page, in one pass over the results.

    Args:
        path: The file to write.
        summary: The evaluation's summary.
        results: Every candidate with its task and its row of results.jsonl.
        timeout: Seconds that a program might run.
        comparison: Another evaluation to set beside it.
        max_failures: Number of failures to show at most.
    """
    failures = Failures(failure_counts(summary), max_failures)
    outliers = Outliers(timeout)
    direction = comparison.direction if comparison else {}
    # Drawing takes about as long as highlighting programs, so it has a process of its own.
    # Ctrl-C is this process's to answer.
    with ProcessPoolExecutor(
        1,
        mp_context=multiprocessing.get_context("fork"),
        initializer=signal.signal,
        initargs=(signal.SIGINT, signal.SIG_IGN),
    ) as artist:
        drawing = artist.submit(_draw, summary, comparison)
        for task, candidate, row in results:
            outliers.add(row)
            failures.add(task, candidate, row, sign=direction.get(task.key, 0))
        plots = drawing.result()
    tables = [
        rate_table(summary),
        comparison_page_table(comparison),
        status_table(summary),
        outliers.slowest(),
        outliers.flakiest(),
    ]
    page = render(
        _HERE / "report.html.j2",
        own_css=_HERE / "report.css",
        headline=headline(summary),
        plots=[plot for plot in plots if plot],
        tables=[table for table in tables if table],
        comparison=comparison,
        failures=failures,
        languages=[
            (n, get_language(n).title) for n in sorted({r["language"] for r in failures.rows})
        ],
        statuses=[s for s in get_args(Status) if any(r["status"] == s for r in failures.rows)],
        data=_script_data(failures.to_dict()),
        script=Markup((_HERE / "report.js").read_text(encoding="utf-8")),
    )
    write_text(path, page)


def _draw(summary: Mapping[str, Any], comparison: Comparison | None) -> list[Plot | None]:
    # Only what draws pays for importing Matplotlib.
    from multipl_e.evaluation.plots import pass_plot, status_plot

    return [pass_plot(summary, comparison), status_plot(summary)]


def headline(summary: Mapping[str, Any]) -> str:
    """The result in a sentence."""
    overall = summary["overall"]
    languages = [name for name, row in summary["languages"].items() if row["candidates"]]
    where = (
        get_language(languages[0]).title if len(languages) == 1 else f"{len(languages)} languages"
    )
    if not overall["candidates"]:
        return "No candidate could be judged."
    sentence = (
        f"{overall['statuses']['OK']:,} of {overall['candidates']:,} candidates pass"
        f" ({overall['tasks']:,} tasks in {where})"
    )
    if overall["pass_at_k"].get("1"):
        sentence += f": pass@1 is {percent(overall['pass_at_k']['1']['value'])}"
    if overall["unjudged"]:
        sentence += f"; {overall['unjudged']:,} could not be judged"
    return sentence + "."


def rate_table(summary: Mapping[str, Any]) -> Table | None:
    """pass@k per language and overall."""
    groups = _groups(summary)
    ks = sorted({int(k) for _, row in groups for k in row["pass_at_k"]})
    rows = []
    for name, row in groups:
        cells = [Cell(f"{row['tasks']:,}"), Cell(f"{row['candidates']:,}")]
        for k in ks:
            rate = row["pass_at_k"].get(str(k), {})
            bounds = percent_bounds(rate.get("low"), rate.get("high"))
            cells.append(Cell(percent(rate.get("value")), bounds))
        rows.append((Heading(name), tuple(cells)))
    meaning = "Chance that at least one of {} samples passes, with its 95 % interval over tasks."
    columns = (
        *(Heading(label) for label in ("language", "tasks", "candidates")),
        *(Heading(f"pass@{k}", meaning.format(k)) for k in ks),
    )
    return Table("How many pass", columns, tuple(rows)) if rows else None


def status_table(summary: Mapping[str, Any]) -> Table | None:
    """Number of candidates per status and language."""
    groups = _groups(summary)
    used = [s for s in get_args(Status) if summary["overall"]["statuses"][s]]
    unjudged = bool(summary["overall"]["unjudged"])
    rows = []
    for name, row in groups:
        numbers = [row["statuses"][status] for status in used] + [row["unjudged"]] * unjudged
        seconds = row["seconds"] / row["candidates"] if row["candidates"] else 0.0
        cells = [*(f"{number:,}" for number in numbers), f"{seconds:.2f} s"]
        rows.append((Heading(name), tuple(map(Cell, cells))))
    labels = ["language", *used, *["not judged"] * unjudged, "mean time"]
    return Table("Verdicts", tuple(map(Heading, labels)), tuple(rows)) if rows else None


def comparison_page_table(comparison: Comparison | None) -> Table | None:
    """The paired comparison, per language and overall."""
    if comparison is None:
        return None
    columns = (
        Heading("language"),
        Heading("shared tasks"),
        Heading("here"),
        Heading("there"),
        Heading("difference", "Here minus there, in percentage points, paired task by task."),
        Heading(
            "p",
            "Two-sided, of the paired sign-flip test over tasks; not corrected for several rows.",
        ),
        Heading("better here", "Tasks with a higher pass rate here."),
        Heading("worse here", "Tasks with a lower pass rate here."),
    )
    rows = tuple((Heading(_title(row.language)), _compared(row)) for row in comparison.rows)
    return Table(f"Beside {visible(comparison.other)}", columns, rows)


def _compared(row: ComparedRow) -> tuple[Cell, ...]:
    def share(value: Interval) -> Cell:
        return Cell(percent(value.value), percent_bounds(value.low, value.high))

    gain = row.difference
    return (
        Cell(f"{row.tasks:,}"),
        share(row.here),
        share(row.there),
        Cell(f"{100 * gain.value:+.1f}", percent_bounds(gain.low, gain.high)),
        Cell(written_p_value(row.p_value)),
        Cell(f"{row.better:,}"),
        Cell(f"{row.worse:,}"),
    )


def _groups(summary: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    languages = summary["languages"]
    groups = [(_title(name), row) for name, row in languages.items()]
    return [*groups, ("all", summary["overall"])] if len(groups) > 1 else groups


def _title(name: str) -> str:
    return "all" if name == "overall" else get_language(name).title


def _script_data(content: object) -> Markup:
    """JSON that may stand inside a script element: nothing in it ends the script."""
    text = json.dumps(content, separators=(",", ":"))
    return Markup(text.replace("</", "<\\/").replace("<!", "<\\u0021"))
