"""What it is worth to share what real candidates begin with, not only their prompt.

    python benchmarks/shared_beginnings.py --data DIR [--tasks 12] [--candidates 64]

DIR holds tasks.jsonl and candidates.jsonl (82 HumanEval problems, 100 samples of CodeGen-16B). A
random-weight Llama classifier scores the candidates of each task in three ways, in turn: as padded
batches beside the prompt's keys and values, along a tree that branches after the prompt only, and
along the whole tree. All give the same scores.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

from machine import provenance
from scoring import RESULTS, TOLERANCE, parse_with_scorer

import reranker.tree
from multipl_e.files import write_json
from reranker.data import continuation
from reranker.gathering import group_candidates
from reranker.scoring import Scorer, Sharing
from reranker.tree import Tree

WAYS: dict[str, tuple[Sharing, bool]] = {
    "padded batches": ("prompts", False),
    "prompts only": ("beginnings", False),
    "all beginnings": ("beginnings", True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tasks", type=int, default=12)
    parser.add_argument("--candidates", type=int, default=64)
    options, scorer = parse_with_scorer(parser)
    groups = group_candidates(
        str(options.data / "tasks.jsonl"), str(options.data / "candidates.jsonl")
    )
    step = max(1, len(groups) // options.tasks)
    rows = []
    for task, candidates in groups[::step][: options.tasks]:
        texts = [continuation(task, c) for c in candidates[: options.candidates]]
        rows.append(measured(scorer, task.prompt, texts))
    total = {way: sum(row["cpu_seconds"][way] for row in rows) for way in WAYS}
    result = {
        **provenance(),
        "threads": options.threads,
        "num_candidates": options.candidates,
        "tokens_saved_beyond_prompts": 1
        - sum(row["tokens"]["all beginnings"] for row in rows)
        / sum(row["tokens"]["prompts only"] for row in rows),
        "speedup_over_padded_batches": total["padded batches"] / total["all beginnings"],
        "speedup_over_prompts_only": total["prompts only"] / total["all beginnings"],
        "median_speedup_over_prompts_only": statistics.median(
            row["cpu_seconds"]["prompts only"] / row["cpu_seconds"]["all beginnings"]
            for row in rows
        ),
        "tasks": rows,
    }
    write_json(RESULTS / "shared_beginnings.json", result)
    print({key: value for key, value in result.items() if key != "tasks"})


def measured(scorer: Scorer, prompt: str, texts: list[str], repeats: int = 2) -> dict[str, Any]:
    """CPU time (the best of some) and tokens of each way, for one task."""
    encoded = list(dict.fromkeys(scorer.encode(prompt, texts)))
    pairs = [(row.prompt_ids, row.completion_ids) for row in encoded]
    usual = reranker.tree.MIN_SAVED_TOKENS
    seconds: dict[str, float] = {}
    tokens: dict[str, int] = {}
    values: dict[str, list[float]] = {}
    for _ in range(repeats):
        for way, (sharing, branching) in WAYS.items():
            # What all have in common is the prompt, and more than any part of them saves.
            prompts_only = (len(pairs) - 1) * len(encoded[0].prompt_ids)
            reranker.tree.MIN_SAVED_TOKENS = usual if branching else prompts_only
            scorer.sharing = sharing
            start = time.process_time()
            values[way] = [score.value for score in scorer.score(prompt, texts)]
            elapsed = time.process_time() - start
            seconds[way] = min(elapsed, seconds.get(way, elapsed))
            tokens[way] = Tree(pairs).num_tokens
    reranker.tree.MIN_SAVED_TOKENS = usual
    for found in values.values():
        gaps = [abs(x - y) for x, y in zip(found, values["padded batches"], strict=True)]
        assert max(gaps) < TOLERANCE, f"scores differ by {max(gaps)}"
    return {"num_distinct": len(pairs), "tokens": tokens, "cpu_seconds": seconds}


if __name__ == "__main__":
    main()
