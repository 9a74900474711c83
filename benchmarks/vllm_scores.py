"""Raw scores of pairs by vLLM; `plain_head.py` runs it with vLLM's Python."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(model: str, pairs: str, output: str) -> None:
    from vllm import LLM, PoolingParams

    prompts, texts = zip(*json.loads(Path(pairs).read_text()), strict=True)
    # Nothing is timed here, so nothing is worth compiling.
    llm = LLM(
        model=model, runner="pooling", dtype="float32", max_model_len=1024, enforce_eager=True
    )
    raw = PoolingParams(use_activation=False)
    rows = llm.score(list(prompts), list(texts), pooling_params=raw)
    Path(output).write_text(json.dumps([row.outputs.score for row in rows]))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: vllm_scores.py MODEL PAIRS.json OUTPUT.json (plain_head.py starts it)")
    main(*sys.argv[1:])
