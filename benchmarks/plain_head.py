"""A saved plain head in three hands: ours, transformers' pipeline, and vLLM loading the folder.

    python benchmarks/plain_head.py --vllm ENVIRONMENT

Largest differences of the raw scores over pairs of prompt and candidate; the model has random
weights. vLLM runs from a virtual environment of its own, as whoever serves with it would.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import provenance
from servers import ROOT, random_reranker, text_of
from transformers import pipeline

from multipl_e.files import write_json
from reranker.scoring import Scorer

RESULT = ROOT / "benchmarks" / "results" / "plain_head.json"
NUM_PROMPTS, NUM_CANDIDATES = 4, 8
TOLERANCE = {"transformers": 1e-4, "vllm": 1e-3}

Pair = tuple[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--vllm", type=Path, required=True, help="virtual environment with vllm")
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--output", type=Path, default=RESULT)
    options = parser.parse_args()
    rng = random.Random(0)
    groups = [
        (
            text_of(rng.randint(20, 200), rng),
            [text_of(rng.randint(1, 120), rng) for _ in range(NUM_CANDIDATES)],
        )
        for _ in range(NUM_PROMPTS)
    ]
    pairs = [(prompt, text) for prompt, texts in groups for text in texts]
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model"
        parameters = random_reranker(model, hidden=options.hidden, layers=options.layers)
        scorer = Scorer(model, dtype="float32")
        ours = [score.value for scores in scorer.score_groups(groups) for score in scores]
        theirs = {
            "transformers": of_transformers(model, pairs),
            "vllm": of_vllm(model, pairs, options.vllm),
        }
    difference = {
        name: max(abs(x - y) for x, y in zip(ours, values, strict=True))
        for name, values in theirs.items()
    }
    result = {
        **provenance(),
        "parameters": parameters,
        "num_pairs": len(pairs),
        "lowest_score": min(ours),
        "highest_score": max(ours),
        "largest_difference": difference,
    }
    write_json(options.output, result)
    print(json.dumps(result, indent=1))
    wrong = [name for name, found in difference.items() if found > TOLERANCE[name]]
    sys.exit(f"scores differ from those of {', '.join(wrong)}" if wrong else 0)


def of_transformers(model: Path, pairs: list[Pair]) -> list[float]:
    classify = pipeline("text-classification", str(model), function_to_apply="none")
    rows = classify([{"text": prompt, "text_pair": text} for prompt, text in pairs])
    return [row["score"] for row in rows]


def of_vllm(model: Path, pairs: list[Pair], environment: Path) -> list[float]:
    """Scores by vLLM's own pooling runner, which tokenizes the pairs itself."""
    given, found = model.parent / "pairs.json", model.parent / "scores.json"
    given.write_text(json.dumps(pairs))
    script = ROOT / "benchmarks" / "vllm_scores.py"
    subprocess.run(
        [environment / "bin" / "python", script, model, given, found],
        check=True,
        env={
            **os.environ,
            "HF_HUB_OFFLINE": "1",
            "VLLM_CPU_KVCACHE_SPACE": "1",
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
            "VLLM_NO_USAGE_STATS": "1",
        },
    )
    scores: list[float] = json.loads(found.read_text())
    return scores


if __name__ == "__main__":
    main()
