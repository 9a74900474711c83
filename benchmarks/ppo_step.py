"""One PPO step against TRL 1.12.0's PPOTrainer: same model, batch and lengths, on the CPU.

    python benchmarks/ppo_step.py --trl-python /tmp/trl-ppo/bin/python

TRL removed its PPOTrainer in 1.13, so it runs in an environment of its own, made as
benchmarks/ppo_parity/make_fixture.py says. The two take turns in processes of their own, a few
steps each, so that what else the machine does meets both alike. CPU seconds are counted beside
the clock's: on one thread they hardly depend on what else runs.

Both sample 64 completions of 64 tokens (16 prompts of 64 tokens, four times each), score them, and
go twice over the batch in two minibatches, forward and back, from a random Llama of 0.9 M
parameters in float32. Ours steps AdamW after each minibatch; TRL's accelerator, told of two
minibatches, gathers their gradients and steps once a pass. TRL needs a value model of its own,
which is as large as the policy, and a reward model, which is one layer here; our value is a head on
the policy's trunk and our reward a function.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

RESULTS = Path(__file__).parent / "results"
NUM_PROMPTS, REPEATS, PROMPT_LENGTH, NUM_NEW, VOCABULARY = 16, 4, 64, 64, 1024
NUM_EPOCHS, NUM_MINIBATCHES, LEARNING_RATE = 2, 2, 3e-4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--trl-python", type=Path, default=Path("/tmp/trl-ppo/bin/python"))
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument(
        "--steps", type=int, default=4, help="steps of a turn; the first is warm-up"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--side", choices=("ours", "trl"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        side = run_ours if options.side == "ours" else run_trl
        print(json.dumps(measured(side, options.steps, options.threads)))
        return
    if not options.trl_python.exists():
        sys.exit(f"{options.trl_python} is missing; benchmarks/ppo_parity/make_fixture.py says how")
    turns: dict[str, list[dict[str, Any]]] = {"ours": [], "trl": []}
    for _ in range(options.turns):
        for name, python in (("ours", sys.executable), ("trl", str(options.trl_python))):
            turns[name].append(turn(python, name, options))
    compare(turns, options)


def turn(python: str, side: str, options: argparse.Namespace) -> dict[str, Any]:
    """A few steps of one side in a process of its own."""
    command = [python, __file__, "--side", side]
    command += ["--steps", str(options.steps), "--threads", str(options.threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"the side {side} failed:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def compare(turns: dict[str, list[dict[str, Any]]], options: argparse.Namespace) -> None:
    """Write the result file."""
    from machine import provenance

    from multipl_e.files import write_json

    sides = {}
    for name, rows in turns.items():
        seconds = [s for row in rows for s in row["seconds"]]
        cpu_seconds = [s for row in rows for s in row["cpu_seconds"]]
        sides[name] = {
            "median_seconds": statistics.median(seconds),
            "median_cpu_seconds": statistics.median(cpu_seconds),
            "seconds": seconds,
            "cpu_seconds": cpu_seconds,
            "peak_mib": statistics.median(row["peak_mib"] for row in rows),
            "growth_mib": statistics.median(row["growth_mib"] for row in rows),
            "versions": rows[0]["versions"],
        }
    per_turn, per_turn_cpu = (
        [
            statistics.median(trl[clock]) / statistics.median(ours[clock])
            for ours, trl in zip(turns["ours"], turns["trl"], strict=True)
        ]
        for clock in ("seconds", "cpu_seconds")
    )
    report = {
        **provenance(),
        "threads": options.threads,
        "speedup": statistics.median(per_turn),
        "speedup_by_turn": per_turn,
        "cpu_speedup": statistics.median(per_turn_cpu),
        "cpu_speedup_by_turn": per_turn_cpu,
        "memory_ratio": sides["trl"]["peak_mib"] / sides["ours"]["peak_mib"],
        **sides,
    }
    write_json(RESULTS / "ppo_step.json", report)
    shown = ("speedup", "speedup_by_turn", "cpu_speedup", "cpu_speedup_by_turn", "memory_ratio")
    print(json.dumps({name: report[name] for name in shown}))


def measured(side: Any, num_steps: int, threads: int) -> dict[str, Any]:
    """Seconds of each step but the first, and memory; growth is what the steps added."""
    import importlib.metadata

    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    begins, before = side(num_steps)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "seconds": [b.clock - a.clock for a, b in itertools.pairwise(begins[1:])],
        "cpu_seconds": [b.cpu - a.cpu for a, b in itertools.pairwise(begins[1:])],
        "peak_mib": peak,
        "growth_mib": peak - before,
        "versions": {
            name: importlib.metadata.version(name)
            for name in ("torch", "transformers", *(("trl",) if side is run_trl else ()))
        },
    }


class Instant(NamedTuple):
    """A moment: of the clock, and of this process's CPU time, in seconds."""

    clock: float
    cpu: float

    @classmethod
    def now(cls) -> Instant:
        return cls(time.monotonic(), time.process_time())


def memory_mib() -> float:
    """Resident memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def llama(num_layers: int = 4, *, scalar: bool = False) -> Any:
    """A random Llama of the shipped generator's kind; it never ends a text by itself."""
    from transformers import LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification

    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=128,
        intermediate_size=344,
        num_hidden_layers=num_layers,
        num_attention_heads=4,
        max_position_embeddings=256,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=None,
        num_labels=1,
    )
    return (LlamaForSequenceClassification if scalar else LlamaForCausalLM)(config)


def word_tokenizer(num_words: int = VOCABULARY) -> Any:
    """A word for every token; the end and the padding lie outside the model's vocabulary."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from transformers import PreTrainedTokenizerFast

    words = {f"w{i}": i for i in range(num_words + 2)}
    tokenizer = Tokenizer(WordLevel(words, unk_token="w0"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=f"w{num_words}",
        pad_token=f"w{num_words + 1}",
        padding_side="left",
    )


def prompts() -> list[list[int]]:
    """The same for both sides."""
    import torch

    torch.manual_seed(1)
    return torch.randint(0, VOCABULARY, (NUM_PROMPTS, PROMPT_LENGTH)).tolist()


def run_ours(num_steps: int) -> tuple[list[Instant], float]:
    """Steps of our PPO; returns when each began (and the last ended), and the memory before."""
    from generator.ppo import PPOOptions, PPOTrainer
    from multipl_e.records import Candidate, Task

    options = PPOOptions(
        num_steps=num_steps,
        tasks_per_step=NUM_PROMPTS,
        rollouts_per_task=REPEATS,
        max_new_tokens=NUM_NEW,
        num_epochs=NUM_EPOCHS,
        num_minibatches=NUM_MINIBATCHES,
        learning_rate=LEARNING_RATE,
        muon_learning_rate=0.0,
        target_kl=None,
        normalise_reward=False,
    )
    tasks = [
        Task(f"t{number}", "py", " ".join(f"w{i}" for i in ids), "")
        for number, ids in enumerate(prompts())
    ]

    def reward(tasks: list[Task], candidates: list[Candidate]) -> list[float]:
        return [float(len(c.text) % 7) for c in candidates]

    before = memory_mib()
    trainer = PPOTrainer(llama(), word_tokenizer(), options)
    begins = []
    for _ in range(num_steps):
        begins.append(Instant.now())
        rollouts = trainer.collect(tasks, reward)
        assert all(len(r.token_ids) == NUM_NEW for r in rollouts)
        trainer.update(rollouts)
    return [*begins, Instant.now()], before


def run_trl(num_steps: int) -> tuple[list[Instant], float]:
    """Steps of TRL's `PPOTrainer.train()`, told apart by the beginnings of their sampling."""
    import os

    os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"
    from datasets import Dataset
    from trl.experimental.ppo import PPOConfig, PPOTrainer, ppo_trainer

    begins: list[Instant] = []
    sample = ppo_trainer.batch_generation

    def timed(*args: Any, **kwargs: Any) -> Any:
        begins.append(Instant.now())
        return sample(*args, **kwargs)

    ppo_trainer.batch_generation = timed
    rows = [ids for ids in prompts() for _ in range(REPEATS)]
    minibatch = len(rows) // NUM_MINIBATCHES
    before = memory_mib()
    with tempfile.TemporaryDirectory() as folder:
        config = PPOConfig(
            output_dir=folder,
            per_device_train_batch_size=minibatch,
            gradient_accumulation_steps=NUM_MINIBATCHES,
            num_mini_batches=NUM_MINIBATCHES,
            local_rollout_forward_batch_size=len(rows),
            num_ppo_epochs=NUM_EPOCHS,
            total_episodes=len(rows) * num_steps,
            response_length=NUM_NEW,
            num_sample_generations=0,
            learning_rate=LEARNING_RATE,
            use_cpu=True,
            bf16=False,
            report_to="none",
            save_strategy="no",
            disable_tqdm=True,
            seed=0,
        )
        trainer = PPOTrainer(
            args=config,
            processing_class=word_tokenizer(),
            model=llama(),
            ref_model=llama(),
            reward_model=llama(1, scalar=True),
            value_model=llama(scalar=True),
            train_dataset=Dataset.from_dict({"input_ids": rows}),
        )
        trainer.train()
    return [*begins, Instant.now()], before


if __name__ == "__main__":
    main()
