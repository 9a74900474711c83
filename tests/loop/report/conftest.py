"""A synthetic report.json that looks like a real run's, from a seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

NUM_TASKS, NUM_CANDIDATES = 300, 16

ENDS = {
    "reward": 0.635, "logprob": 0.497, "trunk": 0.524, "frequent": 0.551, "shortest": 0.402,
    "total_logprob": 0.511, "oracle": 0.813, "random": 0.341,
}  # fmt: skip

PROGRAMS = {
    "py": (
        "def kept_then_joined(words: List[str]) -> str:\n"
        '    """Keep the words longer than two letters, reverse each, join them with "-".\n'
        '    >>> kept_then_joined(["ab", "abc"])\n    \'cba\'\n    """\n',
        "    kept = []\n    for word in words:\n        if len(word) >= 2:\n"
        "            kept.append(word[::-1])\n    return '-'.join(kept)  # off by one\n",
        "    assert candidate(['ab', 'abc']) == 'cba'",
        'Traceback (most recent call last):\n  File "program.py", line 14, in <module>\n'
        "AssertionError",
    ),
    "js": (
        "// Sum of the squares of the even numbers.\n// > sumSquares([1, 2, 3])\n// 4\n"
        "function sumSquares(numbers){\n",
        "  let total = 0;\n  for (const n of numbers) {\n    if (n % 2 === 0 && n > 0) {\n"
        "      total += n ** 2;\n    }\n  }\n  return total;\n}\n",
        "assert.deepEqual(candidate([-2, 0, 3]), 4)",
        "AssertionError [ERR_ASSERTION]: Expected values to be strictly deep-equal:\n0 !== 4",
    ),
}


def make_report(
    *, num_rounds: int = 5, languages: tuple[str, ...] = ("py", "js"), seed: int = 0
) -> dict[str, Any]:
    """A report of a run that went well."""
    rng = np.random.default_rng(seed)
    rounds = [_round(number, languages, rng) for number in range(1, num_rounds + 1)]
    return {
        "config": {
            "rounds": num_rounds,
            "seed": seed,
            "generator": {"model": "default", "num_candidates": NUM_CANDIDATES, "top_p": 1.0},
            "tasks": {"source": "katas", "languages": list(languages), "num_test": NUM_TASKS},
            "ppo": {"steps": 40, "kl_coef": 0.05},
        },
        "environment": {"python": "3.11.2", "torch": "2.13.0", "platform": "Linux", "cores": 2},
        "setup_seconds": {"tasks": 1.2, "sft": 41.3, "held-out": 22.4},
        "rounds": rounds,
        "final": {
            **rounds[-1]["overall"],
            "gain_over_first_round": _interval(0.071, 0.03),
        },
        "curves": _curves(),
        "strategies": _strategies(),
        "score_histograms": {"before": _histogram(0.6, rng), "after": _histogram(1.7, rng)},
        "hard_negatives": [_negative(position, languages, rng) for position in range(10)],
        "calibration": _calibration(rng),
        "ppo": [_ppo_run(number, rng) for number in range(1, num_rounds + 1)],
    }


def _interval(value: float, width: float) -> dict[str, float]:
    return {"value": value, "low": value - width, "high": value + width}


def _metrics(number: int, num_tasks: int, rng: np.random.Generator) -> dict[str, Any]:
    width = 0.9 / np.sqrt(num_tasks)
    best = 0.55 + 0.09 * (1 - 0.5 ** (number - 1)) + rng.normal(0, 0.005)
    return {
        "num_tasks": num_tasks,
        "num_candidates": NUM_CANDIDATES * num_tasks,
        "pass_at_1": _interval(0.341, width * 0.8),
        "best_of_n_logprob": _interval(0.497, width),
        "best_of_n_trunk": _interval(0.524, width),
        "best_of_n": _interval(best, width),
        "oracle_pass_at_n": _interval(0.813, width * 0.8),
        "gap_recovered": _interval((best - 0.341) / (0.813 - 0.341), width * 1.6),
        "roc_auc": _interval(0.74 + 0.03 * number + rng.normal(0, 0.004), 0.02),
        "gap_recovered_logprob": _interval(0.33, width),
        "roc_auc_trunk": _interval(0.702, 0.02),
        "advantage_over_logprob": _interval(best - 0.497, width * 0.8),
        "advantage_over_trunk": _interval(best - 0.524, width * 0.8),
    }


def _round(number: int, languages: tuple[str, ...], rng: np.random.Generator) -> dict[str, Any]:
    learned = number > 1
    overall = _metrics(number, NUM_TASKS, rng) | {
        "hard_negatives_mined": int(900 / number + rng.integers(40)),
        "ppo_score_gain": _interval(1.9 - 0.14 * number, 0.2),
        "ppo_pass_rate": _interval(0.30 + 0.02 * number, 0.03),
        "reference_pass_rate": _interval(0.36, 0.03),
    }
    if learned:
        overall["hard_negatives_now_ranked_below_passing"] = _interval(0.6 + 0.03 * number, 0.04)
    levels = ("introductory", "interview", "competition")
    return {
        "round": number,
        "overall": overall,
        "per_language": {name: _metrics(number, NUM_TASKS // 2, rng) for name in languages},
        "per_difficulty": {name: _metrics(number, NUM_TASKS // 3, rng) for name in levels},
        "seconds": {
            "candidates": 32.1,
            "train_reranker": 31.0 + number,
            "ppo": 38.2,
            "probe": 14.1,
            "execute_probes": 6.4,
            "mine": 0.8,
            "evaluate": 7.9,
        },
    }


def _curves() -> dict[str, Any]:
    num = [1, 2, 4, 8, 16]
    curves = {}
    for name, end in ENDS.items():
        value = [0.341 + (end - 0.341) * (np.log2(n) / 4) ** 0.8 for n in num]
        low, high = [v - 0.04 for v in value], [v + 0.04 for v in value]
        curves[name] = {"n": num, "value": value, "low": low, "high": high}
    return curves


def _strategies() -> dict[str, Any]:
    """How many of 16 samples reach half of the tasks; None is more than there are."""
    return {
        name: {
            "best_of_n": _interval(end, 0.04),
            "samples_needed": {
                "0.5": {"value": 5.2, "low": 3.0, "high": None}
                if end > 0.5
                else dict.fromkeys(("value", "low", "high"))
            },
        }
        for name, end in ENDS.items()
    }


def _histogram(distance: float, rng: np.random.Generator) -> dict[str, list[float]]:
    edges = np.linspace(-5, 5, 31)
    passing = np.histogram(rng.normal(distance, 1.1, 1600), edges)[0]
    failing = np.histogram(rng.normal(-distance / 2, 1.3, 3200), edges)[0]
    return {"passing": passing.tolist(), "failing": failing.tolist(), "edges": edges.tolist()}


def _negative(
    position: int, languages: tuple[str, ...], rng: np.random.Generator
) -> dict[str, Any]:
    language = languages[position % len(languages)]
    prompt, code, failing_test, stderr = PROGRAMS.get(language, PROGRAMS["py"])
    return {
        "task": f"kata_{position:03d}_keep_reverse_join",
        "language": language,
        "round": 1 + position % 5,
        "prompt": prompt,
        "code": code,
        "score": float(rng.normal(2.4, 0.3)),
        "passing_score": None if position == 3 else float(rng.normal(1.6, 0.3)),
        "rank": 1,
        "num_candidates": NUM_CANDIDATES,
        "status": "Exception",
        "failing_test": failing_test,
        "stderr": stderr,
    }


def _calibration(rng: np.random.Generator) -> dict[str, Any]:
    predicted = np.linspace(0.05, 0.95, 10)
    observed = np.clip(predicted + rng.normal(0, 0.04, 10), 0, 1)
    counts = (400 * (1.2 - np.sin(np.pi * predicted))).astype(int)
    rows = zip(predicted.tolist(), observed.tolist(), counts.tolist(), strict=True)
    return {"ece": 0.031, "bins": [{"predicted": p, "observed": o, "count": c} for p, o, c in rows]}


def _ppo_run(number: int, rng: np.random.Generator) -> dict[str, Any]:
    steps = []
    for step in range(1, 41):
        progress = 1 - np.exp(-step / 15)
        steps.append(
            {
                "step": step,
                "score": (1.9 - 0.14 * number) * progress + rng.normal(0, 0.08),
                "kl": 3.1 * progress + rng.normal(0, 0.05),
                "entropy": 0.9 - 0.4 * progress + rng.normal(0, 0.02),
            }
        )
    return {"round": number, "steps": steps}


@pytest.fixture
def report() -> dict[str, Any]:
    """A five-round run in two languages."""
    return make_report()
