"""Pick one of each task's candidates.

    python -m reranker.select --model DIR --tasks T --candidates C --output picks.jsonl

The output has one row per task, which `multipl_e.evaluate` takes as candidates: ``name``,
``language``, ``sample`` (the candidate's number), the program under its form (``completion``,
``solution`` or ``answer``), ``strategy``, ``value``, with a calibrated reranker ``probability``,
``abstained``: whether that probability is below ``--abstain-below``, and with any reranker
``truncated``: the numbers of the task's candidates that were cut to fit it (``--truncation``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from multipl_e.cli import run_command
from multipl_e.errors import UserError
from multipl_e.executors import Isolation
from multipl_e.files import write_rows
from multipl_e.progress import progress, say
from reranker.encoding import Truncation
from reranker.gathering import Gathering, group_candidates
from reranker.scoring import Scorer, TrunkScorer
from reranker.selection import Choices, get_strategy, needs_of, pick

if TYPE_CHECKING:
    import pyarrow


@dataclass(frozen=True)
class SelectConfig:
    """Pick one of each task's candidates.

    Attributes:
        tasks: Tasks, as MultiPL-E rows; .jsonl, .jsonl.gz or .parquet.
        candidates: Their candidates, rows of name, language, completion (or solution, answer).
        output: File for the picks; .jsonl, .jsonl.gz or .parquet.
        model: A reranker's folder; needed by the strategy reward, and by any strategy for
            probabilities. For the strategy likelihood, any causal language model.
        strategy: random, shortest, logprob, total_logprob, frequent, reward, likelihood, public
            (those that pass the public tests), consensus and consensus_sqrt (agreement on
            model-written tests), mbr and mbr_mean (agreement of results), combined (consensus and
            reranker); or several joined by +, each deciding what is equal under those before it.
        tests: Tests that a model wrote, rows of name and samples; for consensus, and as inputs for
            mbr and combined.
        abstain_below: Mark a pick as abstained if its probability is below this.
        max_batch_tokens: Most tokens scored at once; by default 2048, 4096 in half precision.
        max_length: Most tokens of prompt and candidate; by default the model's own limit.
        truncation: What happens to longer ones: error, or tokens are cut on the left, on the right
            or in the middle.
        device: Where the reranker runs; by default the first GPU if there is one, else the CPU.
        timeout: Seconds for one candidate's run, where the strategy runs candidates.
        workers: Candidates run at a time; by default one for each CPU.
        isolation: bubblewrap, or none to run candidates with resource limits only.
        seed: For the strategy random.
    """

    tasks: str
    candidates: str
    output: str
    model: str | None = None
    strategy: str = "reward"
    tests: str | None = None
    abstain_below: float | None = None
    max_batch_tokens: int | None = None
    max_length: int | None = None
    truncation: Truncation = "left"
    device: str | None = None
    timeout: float = 10.0
    workers: int | None = None
    isolation: Isolation = "bubblewrap"
    seed: int = 0


def main(config: SelectConfig) -> None:
    """The command: read, score, pick, write."""
    needs = needs_of(config.strategy)
    parts = set(config.strategy.split("+"))
    if {"likelihood", "reward"} <= parts:
        raise UserError("likelihood and reward are scores of two models; name one of them")
    if "scores" in needs and config.model is None:
        raise UserError(f"the strategy '{config.strategy}' needs a reranker; name one with --model")
    if config.abstain_below is not None and not 0 <= config.abstain_below <= 1:
        raise UserError("--abstain-below is a probability: from 0 to 1")
    if config.max_batch_tokens is not None and config.max_batch_tokens < 1:
        raise UserError("--max-batch-tokens must be 1 or more")
    if config.max_length is not None and config.max_length < 2:
        raise UserError("--max-length must be 2 or more: a token of prompt, one of candidate")
    scorer = None
    if config.model is not None:
        kind = TrunkScorer if "likelihood" in parts else Scorer
        scorer = kind(
            config.model,
            device=config.device,
            max_batch_tokens=config.max_batch_tokens,
            max_length=config.max_length,
            truncation=config.truncation,
        )
    if config.abstain_below is not None and (scorer is None or scorer.calibration is None):
        raise UserError(
            "--abstain-below needs the probabilities of a calibrated reranker; name one with "
            "--model (reranker.train calibrates where it has validation tasks)"
        )
    gathering = Gathering(
        needs,
        scorer=scorer,
        model=config.model,
        tests=config.tests,
        timeout=config.timeout,
        workers=config.workers,
        isolation=config.isolation,
        seed=config.seed,
    )
    groups = group_candidates(config.tasks, config.candidates)
    num_abstained = num_truncated = 0

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal num_abstained, num_truncated
        with progress("selecting", sum(len(group) for _, group in groups)) as advance:
            for choices in gathering.choices(groups, advance):
                row = _pick_row(config, choices)
                num_abstained += row["abstained"]
                num_truncated += len(row["truncated"] or ())
                yield row

    write_rows(config.output, rows(), _schema())
    abstained = f", {num_abstained} of them abstained" if config.abstain_below is not None else ""
    say(f"{len(groups)} picks{abstained}; wrote {config.output}")
    if num_truncated:
        say(
            f"candidates too long for the reranker and cut (--truncation {config.truncation}): "
            f"{num_truncated}; each pick names those of its task"
        )


def _pick_row(config: SelectConfig, choices: Choices) -> dict[str, Any]:
    index = pick(config.strategy, choices)
    chosen = choices.candidates[index]
    probability = None if choices.scores is None else choices.scores[index].probability
    threshold = config.abstain_below
    truncated = None
    if choices.scores is not None:
        pairs = zip(choices.candidates, choices.scores, strict=True)
        truncated = [candidate.index for candidate, score in pairs if score.truncated]
    return {
        "name": choices.task.name,
        "language": choices.task.language,
        "sample": chosen.index,
        chosen.form: chosen.text,
        "strategy": config.strategy,
        "value": get_strategy(config.strategy)(choices)[index],
        "probability": probability,
        "abstained": threshold is not None and probability is not None and probability < threshold,
        "truncated": truncated,
    }


def _schema() -> pyarrow.Schema:
    import pyarrow as pa

    texts = ("completion", "solution", "answer", "strategy")
    return pa.schema(
        [
            ("name", pa.string()),
            ("language", pa.string()),
            ("sample", pa.int64()),
            *((name, pa.string()) for name in texts),
            ("value", pa.float64()),
            ("probability", pa.float64()),
            ("abstained", pa.bool_()),
            ("truncated", pa.list_(pa.int64())),
        ]
    )


if __name__ == "__main__":
    run_command(SelectConfig, main, prog="python -m reranker.select", description=__doc__ or "")
