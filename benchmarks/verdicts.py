"""Judge the shared reference programs and our own, with isolation; explain every difference.

    python benchmarks/verdicts.py                       all languages
    python benchmarks/verdicts.py --languages rb lua    these anew; the others stay in the file
    python benchmarks/verdicts.py --kinds own           our own programs anew

The shared programs are those of `../shared/data/verdicts`: honest ones (``verdicts-*``) and broken
twins (``twins-*``) with what MultiPL-E's evaluator said of them. Our own are the contract tests'.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from explained import explanation
from machine import provenance
from own_programs import own_languages, own_rows
from shared_rows import SHARED, languages_of, reference_rows

from multipl_e.executors import Executor, check_isolation
from multipl_e.files import write_json, write_text
from multipl_e.languages import get_language
from multipl_e.records import Candidate, Task, Verdict

KINDS = ("verdicts", "twins", "own")
RESULTS = Path(__file__).parent / "results"
# What does not end on a busy machine gets a second chance, so that load is no verdict.
PATIENCE = 8.0


def main() -> None:
    """Judge language by language; the result file is whole after each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--languages", nargs="+")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=8.0)
    parser.add_argument("--output", type=Path, default=RESULTS / "verdicts.json")
    options = parser.parse_args()

    known = json.loads(options.output.read_text())["languages"] if options.output.exists() else {}
    shared = languages_of(options.data, "verdicts") if options.data.is_dir() else []
    names = options.languages or sorted({*shared, *own_languages()})
    for name in names:
        language = get_language(name).name
        entry = known.setdefault(language, {"title": get_language(language).title, "measured": {}})
        with Executor(workers=options.workers, timeout=options.timeout) as executor:
            for kind in options.kinds:
                if kind == "own" and language in own_languages():
                    entry[kind] = judge_own(executor, language)
                elif (options.data / "verdicts" / f"{kind}-{language}.jsonl").exists():
                    entry[kind] = judge_shared(executor, options.data, language, kind)
                else:
                    continue
                entry["measured"][kind] = provenance()
        result = {
            "isolation": check_isolation("bubblewrap"),
            "timeout_s": options.timeout,
            "totals": totals(known.values()),
            "languages": dict(sorted(known.items())),
        }
        write_json(options.output, result)
        write_text(options.output.with_suffix(".md"), table(result))
        print(f"{language}: {short(entry)}", flush=True)


def judge_shared(executor: Executor, data: Path, language: str, kind: str) -> dict[str, Any]:
    """Agreement with the reference, pass or fail, and every difference with whose fault it is."""
    rows = reference_rows(data, language, kind)
    endless = [row["status"] == "Timeout" or row.get("kind") == "loop" for _, _, row in rows]
    verdicts = judge(executor, [(task, candidate) for task, candidate, _ in rows], endless)
    differences = []
    pairs: Counter[str] = Counter()
    for (task, _, row), verdict in zip(rows, verdicts, strict=True):
        pairs[f"{row['status']} / {verdict.status}"] += 1
        if verdict.passed != (row["status"] == "OK"):
            fault, why = explanation(language, kind, row)
            differences.append(
                {
                    "name": task.name,
                    **{k: row[k] for k in ("kind", "variant") if k in row},
                    "reference": row["status"],
                    "ours": verdict.status,
                    "fault": fault,
                    "why": why,
                }
            )
    return {
        "rows": len(rows),
        "agree": len(rows) - len(differences),
        "passed": sum(v.passed for v in verdicts),
        "unexplained": sum(d["fault"] == "unexplained" for d in differences),
        "reference_and_ours": dict(sorted(pairs.items())),
        "differences": differences,
    }


def judge_own(executor: Executor, language: str) -> dict[str, Any]:
    """How many of our own programs get a status that they may get."""
    rows = own_rows(language)
    endless = ["Timeout" in expected for _, _, expected in rows]
    verdicts = judge(executor, [(task, candidate) for task, candidate, _ in rows], endless)
    wrong = [
        {"name": task.name, "expected": "|".join(expected), "ours": verdict.status}
        for (task, _, expected), verdict in zip(rows, verdicts, strict=True)
        if verdict.status not in expected
    ]
    must_fail = [v for (_, _, e), v in zip(rows, verdicts, strict=True) if "OK" not in e]
    return {
        "rows": len(rows),
        "as_expected": len(rows) - len(wrong),
        "must_not_pass": len(must_fail),
        "passed_though": sum(v.passed for v in must_fail),
        "expected": dict(Counter("|".join(expected) for _, _, expected in rows)),
        "differences": wrong,
    }


def judge(
    executor: Executor, items: list[tuple[Task, Candidate]], endless: list[bool]
) -> list[Verdict]:
    """A verdict for each; what should have ended is given more time before it is late."""
    verdicts = executor.judge(items)
    seconds = executor.limits.seconds * PATIENCE
    with Executor(workers=executor.num_workers, timeout=seconds) as patient:
        for i, verdict in enumerate(verdicts):
            if verdict is not None and verdict.status == "Timeout" and not endless[i]:
                (verdicts[i],) = patient.judge([items[i]])
    assert None not in verdicts, executor.failures
    return [v for v in verdicts if v is not None]


def totals(entries: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Sums over languages."""
    sums: Counter[str] = Counter()
    for entry in entries:
        for kind in KINDS:
            for key, value in entry.get(kind, {}).items():
                if isinstance(value, int):
                    sums[f"{kind}_{key}"] += value
    return dict(sums)


def short(entry: dict[str, Any]) -> str:
    """One line for the person who waits."""
    parts = [f"{k} {entry[k]['agree']}/{entry[k]['rows']}" for k in ("verdicts",) if k in entry]
    if "twins" in entry:
        parts.append(f"twins passed {entry['twins']['passed']}/{entry['twins']['rows']}")
    if "own" in entry:
        parts.append(f"own {entry['own']['as_expected']}/{entry['own']['rows']}")
    return ", ".join(parts)


def table(result: dict[str, Any]) -> str:
    """The figures as Markdown, with every difference below."""
    lines = [
        "# Verdicts",
        "",
        f"Isolation: {result['isolation']}. Shared programs are compared, pass or fail, with"
        " MultiPL-E's evaluator; our own (the contract tests') with the status that they must get.",
        "",
        "| language | honest programs | agree | unexplained | twins | twins passed"
        " | own programs | as expected | must not pass | passed though |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    differences = []
    for entry in result["languages"].values():
        verdicts, twins, own = (entry.get(k, {}) for k in ("verdicts", "twins", "own"))
        cells = [
            *(verdicts.get(k, "-") for k in ("rows", "agree", "unexplained")),
            *(twins.get(k, "-") for k in ("rows", "passed")),
            *(own.get(k, "-") for k in ("rows", "as_expected", "must_not_pass", "passed_though")),
        ]
        lines.append(f"| {entry['title']} | {' | '.join(map(str, cells))} |")
        for kind in ("verdicts", "twins"):
            differences += [
                (entry["title"], d["name"], d.get("kind", "honest"), d["reference"], d["ours"],
                 d["fault"], d["why"])
                for d in entry.get(kind, {}).get("differences", ())
            ]  # fmt: skip
        differences += [
            (entry["title"], d["name"], "own", d["expected"], d["ours"], "ours", "")
            for d in entry.get("own", {}).get("differences", ())
        ]
    if differences:
        lines += ["", "## Differences", ""]
        lines += [
            "| language | program | kind | reference | ours | whose fault | why |",
            "|---|---|---|---|---|---|---|",
            *(f"| {' | '.join(row)} |" for row in differences),
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
