"""What a curation comes to: counts by reason and difficulty, as data and as a page."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, get_args

from multipl_e.curation.outcomes import KEPT
from multipl_e.files import write_text
from multipl_e.pages import Cell, Heading, Table, render
from multipl_e.records import Difficulty

UNKNOWN = "unknown"
_COLOURS = {"introductory": "c2", "interview": "c0", "competition": "c3", UNKNOWN: "c8"}


class Counts:
    """How many problems met which fate."""

    def __init__(self) -> None:
        self.by_reason: dict[str, Counter[str]] = {}

    def add(self, reason: str, difficulty: str | None) -> None:
        """Count one problem."""
        self.by_reason.setdefault(reason, Counter())[difficulty or UNKNOWN] += 1

    @property
    def reasons(self) -> list[str]:
        """Kept first, then the reasons for dropping, the most frequent first."""
        dropped = [reason for reason in self.by_reason if reason != KEPT]
        return [KEPT, *sorted(dropped, key=lambda r: (-self.by_reason[r].total(), r))]

    @property
    def difficulties(self) -> list[str]:
        """Those that occur, in the order of the scale."""
        found = {level for counter in self.by_reason.values() for level in counter}
        return [level for level in (*get_args(Difficulty), UNKNOWN) if level in found]

    def of(self, reason: str, difficulty: str | None = None) -> int:
        """Problems of a reason, of one difficulty or of all."""
        counter = self.by_reason.get(reason, Counter[str]())
        return counter.total() if difficulty is None else counter[difficulty]

    def summary(self) -> dict[str, Any]:
        """``{problems, kept, dropped: {reason: n}, per_difficulty: {...}}``."""
        return {
            "problems": sum(map(self.of, self.reasons)),
            "kept": self.of(KEPT),
            "dropped": {reason: self.of(reason) for reason in self.reasons[1:]},
            "per_difficulty": {
                level: {reason: n for reason in self.reasons if (n := self.of(reason, level))}
                for level in self.difficulties
            },
        }


def write_report(path: Path, source: str, counts: Counts) -> None:
    """Write the page with the picture and the table."""
    # Matplotlib takes a second to import: only what draws pays for it.
    from multipl_e.pages.drawing import Legend, Plot, Sheet, colour

    def picture() -> Plot:
        reasons = counts.reasons[::-1]
        sheet = Sheet("Kept and dropped", height=0.9 + 0.36 * len(reasons))
        axes, left = sheet.axes[0], [0] * len(reasons)
        for level in counts.difficulties:
            widths = [counts.of(reason, level) for reason in reasons]
            axes.barh(reasons, widths, left=left, height=0.65, color=colour(_COLOURS[level]))
            left = [start + width for start, width in zip(left, widths, strict=True)]
        for place, total in enumerate(left):
            axes.annotate(
                f"{total:,}",
                (total, place),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=12,
                color=colour("ink"),
            )
        axes.margins(x=0.12)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("problems")
        words = ", ".join(f"{counts.of(reason)} {reason}" for reason in counts.reasons)
        legends = [Legend(level, _COLOURS[level], area=True) for level in counts.difficulties]
        caption = "Each dropped problem is counted once, under the first reason found."
        return sheet.plot(caption, f"Problems by fate: {words}.", legends)

    summary = counts.summary()
    columns = ("", *counts.difficulties, "all")
    rows = (
        (
            Heading(reason),
            tuple(
                Cell(f"{counts.of(reason, None if level == 'all' else level):,}")
                for level in columns[1:]
            ),
        )
        for reason in counts.reasons
    )
    table = Table("Problems by fate and difficulty", tuple(map(Heading, columns)), tuple(rows))
    headline = f"{summary['kept']:,} of {summary['problems']:,} problems of {source} kept"
    template = Path(__file__).parent / "curation.html.j2"
    write_text(path, render(template, headline=headline, plots=[picture()], table=table))
