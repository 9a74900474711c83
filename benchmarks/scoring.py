"""Scoring N candidates of one prompt, beside transformers with one padded batch of whole texts.

    python benchmarks/scoring.py [--sizes 1 8 64] [--repeats 7]

A random-weight Llama classifier of about 30 M parameters, a prompt of about 300 tokens and
candidates of about 100, made of lines of programs. Both sides tokenize and give the same scores;
they take turns, so that a busy machine slows both, and CPU time is given beside wall time. The
arithmetic limit: floating point operations that the distinct tokens need (multiplying by the
weights, attention to what stands before them) over the peak of a matrix product measured here.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from machine import provenance
from transformers import AutoTokenizer, LlamaConfig, LlamaForSequenceClassification

from multipl_e.files import write_json
from multipl_e.sources.katas import load
from reranker.model import RerankerSpec
from reranker.scoring import Scorer

RESULTS = Path(__file__).parent / "results"
PROMPT_TOKENS, CANDIDATE_TOKENS = 300, 100
TOLERANCE = 1e-4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--repeats", type=int, default=7)
    options, scorer = parse_with_scorer(parser)
    peak = matmul_peak(options.hidden)
    rows = [measured(scorer, size, options.repeats, peak) for size in options.sizes]
    result = {
        **provenance(),
        "threads": torch.get_num_threads(),
        "num_parameters": sum(p.numel() for p in scorer.model.parameters()),
        "matmul_peak_gflops": peak / 1e9,
        "rows": rows,
    }
    write_json(RESULTS / "scoring.json", result)
    for row in rows:
        print(
            f"N={row['num_candidates']}: {row['candidates_per_second']:.1f} candidates/s, "
            f"{row['speedup']:.2f} times transformers "
            f"({row['speedup_of_cpu_time']:.2f} in CPU time), "
            f"{row['share_of_arithmetic_limit']:.2f} of the arithmetic limit "
            f"({row['share_of_arithmetic_limit_by_cpu_time']:.2f} by CPU time)"
        )


def parse_with_scorer(parser: argparse.ArgumentParser) -> tuple[argparse.Namespace, Scorer]:
    """The options, with those of a model added, and a scorer with such a model."""
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    return options, random_scorer(options.hidden, options.layers)


def random_scorer(hidden: int, layers: int) -> Scorer:
    """A classifier with random weights and the shipped tokenizer."""
    folder = Path(__file__).parents[1] / "artifacts/default/reranker-trunk"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    config = LlamaConfig(
        vocab_size=8192,
        hidden_size=hidden,
        intermediate_size=hidden * 11 // 4,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 64,
        max_position_embeddings=2048,
        num_labels=1,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(0)
    model = LlamaForSequenceClassification(config).eval()
    spec = RerankerSpec(head="plain", anchor_scale=None, max_length=2048, source="random weights")
    return Scorer((model, tokenizer, spec))


def texts(scorer: Scorer, count: int) -> tuple[str, list[str]]:
    """A prompt and candidates of about the wanted numbers of tokens, with ends at line breaks."""
    rng = random.Random(count)
    tasks = load(split="train", languages=["py"], num_tasks=400)

    def about(pieces: Sequence[str], tokens: int) -> str:
        text = ""
        while len(scorer.tokenizer(text)["input_ids"]) < tokens:
            text += rng.choice(pieces)
        return text

    prompt = about([task.prompt for task in tasks], PROMPT_TOKENS)
    lines = [line + "\n" for t in tasks for line in (t.canonical_solution or "").splitlines()]
    lengths = [round(CANDIDATE_TOKENS * rng.uniform(0.6, 1.4)) for _ in range(count)]
    return prompt, [about(lines, length) for length in lengths]


def padded_batch(scorer: Scorer, prompt: str, candidates: Sequence[str]) -> list[float]:
    """What one does without this project: whole texts, padded, in one batch."""
    tokenizer = scorer.tokenizer
    whole = [prompt + text + tokenizer.eos_token for text in candidates]
    batch = tokenizer(whole, padding=True, return_tensors="pt", add_special_tokens=False)
    with torch.inference_mode():
        output = scorer.model(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False
        )
    values: list[float] = output.logits[:, 0].tolist()
    return values


def measured(scorer: Scorer, count: int, repeats: int, peak: float) -> dict[str, Any]:
    """Both sides in turn, and how near ours comes to the arithmetic limit."""
    prompt, candidates = texts(scorer, count)
    ours = [score.value for score in scorer.score(prompt, candidates)]
    theirs = padded_batch(scorer, prompt, candidates)
    difference = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
    assert difference < TOLERANCE, f"scores differ by {difference}"
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    cpu_times: dict[str, list[float]] = {"ours": [], "theirs": []}
    acts: dict[str, Callable[[], object]] = {
        "theirs": lambda: padded_batch(scorer, prompt, candidates),
        "ours": lambda: scorer.score(prompt, candidates),
    }
    for _ in range(repeats):
        for name, act in acts.items():
            start = time.process_time()
            times[name].append(seconds(act))
            cpu_times[name].append(time.process_time() - start)
    own, other = statistics.median(times["ours"]), statistics.median(times["theirs"])
    own_cpu, other_cpu = (statistics.median(cpu_times[name]) for name in ("ours", "theirs"))
    encoded = scorer.encode(prompt, candidates)
    work = necessary_flops(scorer, [row.prompt_ids + row.completion_ids for row in encoded])
    return {
        "num_candidates": count,
        "prompt_tokens": len(encoded[0].prompt_ids),
        "candidate_tokens": sum(len(row.completion_ids) for row in encoded) / count,
        "largest_difference": difference,
        "seconds": own,
        "seconds_transformers": other,
        "all_seconds": times,
        "candidates_per_second": count / own,
        "speedup": other / own,
        "cpu_seconds": own_cpu,
        "cpu_seconds_transformers": other_cpu,
        "speedup_of_cpu_time": other_cpu / own_cpu,
        "necessary_gflops": work / 1e9,
        "share_of_arithmetic_limit": work / peak / own,
        "share_of_arithmetic_limit_by_cpu_time": work / peak * torch.get_num_threads() / own_cpu,
    }


def necessary_flops(scorer: Scorer, rows: Sequence[tuple[int, ...]]) -> float:
    """Operations for every distinct prefix once: weights, and attention to its own length."""
    config = scorer.model.config
    layers = scorer.model.base_model.layers
    weights = sum(p.numel() for p in layers.parameters() if p.ndim == 2)
    distinct = {hash(row[:length]): length for row in rows for length in range(1, len(row) + 1)}
    attention = 4 * config.hidden_size * config.num_hidden_layers
    return sum(2.0 * weights + attention * length for length in distinct.values())


def matmul_peak(hidden: int) -> float:
    """Best floating point operations per second of a product of the model's own size."""
    a, b = torch.randn(2048, hidden), torch.randn(hidden, 4 * hidden)
    best = min(seconds(lambda: a @ b) for _ in range(30))
    return 2.0 * a.shape[0] * a.shape[1] * b.shape[1] / best


def seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
