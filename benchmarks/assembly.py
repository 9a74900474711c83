"""Chat answers in all languages: our assembly's verdicts beside those of the reference's programs.

Both start from the same answers of one model. The reference verdicts (``verdicts-LANG.jsonl``) are
of programs that another assembly made of them, run by MultiPL-E's own procedure. Every difference
between pass and fail is listed with whose fault it is.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from machine import provenance

from multipl_e.errors import UserError
from multipl_e.evaluate import EvaluateOptions, evaluate
from multipl_e.files import iter_rows, write_json
from multipl_e.languages import get_language

ROOT = Path(__file__).resolve().parent.parent
# Differences that were looked at, each with the reason found.
EXPLAINED = {
    ("rkt", "HumanEval_22_filter_integers"): (
        "reference",
        "the answer's example call `(list ())` does not compile; the other assembly kept it, ours"
        " leaves examples out, and the function asked for is right",
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--cache", type=Path, help="folder of verdicts to reuse")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/assembly.json")
    options = parser.parse_args()
    tasks, left_out = answered(options.data / "multipl_e")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "answers.jsonl"
        source.write_text("".join(json.dumps(row) + "\n" for row in tasks))
        output = Path(folder) / "evaluation"
        evaluate(
            EvaluateOptions(
                tasks=source, output=output, workers=options.workers, cache=options.cache
            )
        )
        ours = {(r["language"], r["name"]): r for _, r in iter_rows(output / "results.jsonl")}
    rows, differences = compared(ours, options.data / "verdicts")
    content = {
        "what": __doc__,
        "languages": rows,
        "languages_left_out": left_out,
        "shared_answers": sum(row["shared"] for row in rows.values()),
        "agree": sum(row["agree"] for row in rows.values()),
        "differences_our_fault": sum(d["fault"] in ("ours", "unexplained") for d in differences),
        "differences": differences,
    }
    write_json(options.output, {**content, **provenance()})
    print(json.dumps({k: v for k, v in content.items() if k not in ("what",)}, indent=1))


def answered(folder: Path) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """All answers in the languages that run here, and why the others are left out."""
    rows: list[dict[str, Any]] = []
    left_out = {}
    for file in sorted(folder.glob("humaneval-*.jsonl")):
        name = file.stem.removeprefix("humaneval-")
        try:
            known = get_language(name)
        except UserError:
            left_out[name] = "the language is not known here"
            continue
        if known.toolchain is None:
            left_out[name] = f"no toolchain here: {known.package}"
            continue
        rows += [row for _, row in iter_rows(file)]
    return rows, left_out


def compared(
    ours: dict[tuple[str, str], dict[str, Any]], folder: Path
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Counts per language, and the answers that only one of the two lets pass."""
    rows: dict[str, Any] = {}
    differences = []
    judged = {language for language, _ in ours}
    for file in sorted(folder.glob("verdicts-*.jsonl")):
        language = file.stem.removeprefix("verdicts-")
        if language not in judged:
            continue
        counts: Counter[str] = Counter()
        for _, theirs in iter_rows(file):
            mine = ours.get((language, theirs["name"]))
            if mine is None:
                continue
            passes, passed = mine["status"] == "OK", theirs["status"] == "OK"
            counts["shared"] += 1
            counts["agree"] += passes == passed
            counts["ok_here"] += passes
            counts["ok_reference"] += passed
            if passes != passed:
                fault, why = EXPLAINED.get((language, theirs["name"]), ("unexplained", ""))
                differences.append(
                    {
                        "language": language,
                        "name": theirs["name"],
                        "here": mine["status"],
                        "reference": theirs["status"],
                        "fault": fault,
                        "why": why or (mine["stderr"] or "").strip()[-200:],
                    }
                )
        if counts:
            rows[language] = dict(counts)
    return rows, differences


if __name__ == "__main__":
    main()
