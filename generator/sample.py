"""``python -m generator.sample``: candidate programs for tasks, from any causal language model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from generator.model import silence_transformers
from generator.samplers.transformers import TransformersSampler
from multipl_e.cli import run_command
from multipl_e.errors import UserError
from multipl_e.files import check_table_name, check_writable
from multipl_e.progress import progress, say
from multipl_e.tables import read_tasks, write_candidates


@dataclass(frozen=True)
class SampleOptions:
    """Options of the command.

    Attributes:
        model: Folder in Hugging Face format, Hub name, or `default` for the shipped tiny model.
        tasks: File of tasks: .jsonl, .jsonl.gz or .parquet, rows as MultiPL-E's.
        output: File of candidates to write: .jsonl, .jsonl.gz or .parquet.
        num_candidates: Candidates per task.
        temperature: Divides the logits; 0 takes the most likely token.
        top_p: Draw from the smallest set of tokens with this probability in total.
        max_new_tokens: Longest completion, in tokens.
        batch_size: Most rows in a decoding step; less if memory runs out.
        dtype: What the weights are loaded as: auto, float32, bfloat16 or float16.
        device: Where the model runs: cpu, cuda, cuda:1 …; by default a GPU if there is one.
        seed: The same seed gives the same candidates.
        overwrite: Write over an output that is there.
    """

    model: str
    tasks: Path
    output: Path
    num_candidates: int = 16
    temperature: float = 0.8
    top_p: float = 1.0
    max_new_tokens: int = 256
    batch_size: int = 256
    dtype: str = "auto"
    device: str | None = None
    seed: int = 0
    overwrite: bool = False


def sample(options: SampleOptions) -> None:
    """Sample for every task of the file and write the candidates, grouped by task.

    Raises:
        UserError: for a model or file that is not there, an output that is, a bad number.
    """
    if options.num_candidates < 1:
        raise UserError("--num-candidates must be at least 1")
    if options.output.exists() and not options.overwrite:
        raise UserError(f"{options.output} is there already; name another file or add --overwrite")
    check_table_name(options.output)
    tasks = read_tasks(options.tasks)
    if not tasks:
        raise UserError(f"{options.tasks} holds no tasks")
    silence_transformers()
    sampler = TransformersSampler(
        options.model,
        temperature=options.temperature,
        top_p=options.top_p,
        max_new_tokens=options.max_new_tokens,
        batch_size=options.batch_size,
        name=options.model,
        dtype=options.dtype,
        device=options.device,
    )
    check_writable(options.output)
    with progress("sampling", len(tasks) * options.num_candidates) as advance:
        candidates = sampler.sample(
            tasks, options.num_candidates, seed=options.seed, on_done=advance
        )
    write_candidates(options.output, candidates)
    say(f"{len(candidates)} candidates of {len(tasks)} tasks -> {options.output}")


if __name__ == "__main__":
    run_command(
        SampleOptions,
        sample,
        prog="python -m generator.sample",
        description="Sample candidate programs for tasks. Example: python -m generator.sample "
        "--model default --tasks tasks.jsonl --num-candidates 16 --output candidates.jsonl",
    )
