"""One PPO step of a large random-weight policy with LoRA: tokens/s, memory, MFU.

    python benchmarks/ppo_gpu.py --size 1.3b --size 6.7b     on a GPU; writes a result file
    python benchmarks/ppo_gpu.py                             tiny shapes, anywhere; writes nothing

16 rollouts (4 prompts, four times each) of 512 tokens in bf16, one pass in four minibatches. The
MFU counts two operations a parameter and token for sampling and for each forward pass (behaviour,
reference) and four for the update, whose backward pass needs no gradient of the frozen weights.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
import time
from pathlib import Path
from typing import Any

import torch
from machine import provenance
from peft import LoraConfig, get_peft_model
from ppo_step import word_tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from generator.ppo import PPOOptions, PPOTrainer
from multipl_e.files import write_json
from multipl_e.records import Candidate, Task

RESULTS = Path(__file__).parent / "results"
# hidden size, inner size, layers, heads
SHAPES = {
    "tiny": (64, 172, 2, 4),
    "1.3b": (2048, 5504, 24, 16),
    "6.7b": (4096, 11008, 32, 32),
}
# Dense bf16 operations per second, by a part of the device's name.
PEAKS = {"H100": 989e12, "H200": 989e12, "A100": 312e12, "L40S": 362e12, "4090": 165e12}
VOCABULARY = 32_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", action="append", choices=tuple(SHAPES), default=[])
    parser.add_argument("--prompt-tokens", type=int, default=512)
    parser.add_argument("--new-tokens", type=int, default=512)
    parser.add_argument("--steps", type=int, default=3, help="the first is warm-up")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("no GPU here: tiny shapes, to see that it runs; nothing is measured")
        measure("tiny", 16, 8, 2)
        print("it runs")
        return
    sizes = options.size or ["1.3b", "6.7b"]
    found = [
        measure(size, options.prompt_tokens, options.new_tokens, options.steps) for size in sizes
    ]
    report = {**provenance(), "device": torch.cuda.get_device_name(), "sizes": found}
    write_json(RESULTS / "ppo_gpu.json", report)
    print(json.dumps(found, indent=1))


def measure(size: str, num_prompt: int, num_new: int, num_steps: int) -> dict[str, Any]:
    """Steps of one model."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    policy = random_policy(size, num_prompt + num_new, device)
    num_parameters = sum(p.numel() for p in policy.parameters())
    options = PPOOptions(
        num_steps=num_steps,
        tasks_per_step=4,
        rollouts_per_task=4,
        max_new_tokens=num_new,
        num_epochs=1,
        num_minibatches=4,
        micro_batch_size=4,
        learning_rate=1e-5,
        muon_learning_rate=0.0,
        mixed_precision="bf16",
        target_kl=None,
        normalise_reward=False,
    )
    # Before its first step LoRA adds nothing: the reference is the frozen weights alone.
    reference = copy.deepcopy(policy).merge_and_unload()
    trainer = PPOTrainer(policy, word_tokenizer(VOCABULARY), options, reference=reference)
    tasks = [
        Task(f"t{n}", "py", " ".join(f"w{n * 31 + i}" for i in range(num_prompt)), "")
        for n in range(options.tasks_per_step)
    ]
    sampling, updating = [], []
    for _ in range(num_steps):
        started = now(device)
        rollouts = trainer.collect(tasks, scores)
        sampled = now(device)
        trainer.update(rollouts)
        sampling.append(sampled - started)
        updating.append(now(device) - sampled)
    seconds = statistics.median(a + b for a, b in zip(sampling[1:], updating[1:], strict=True))
    num_rollouts = options.tasks_per_step * options.rollouts_per_task
    num_tokens = num_rollouts * num_new
    # Prompts are computed once for the rollouts that share them.
    seen = num_tokens + options.tasks_per_step * num_prompt
    operations = num_parameters * seen * (2 + 2 + 2 + 4)
    found: dict[str, Any] = {
        "size": size,
        "num_parameters": num_parameters,
        "seconds": seconds,
        "sampling_seconds": statistics.median(sampling[1:]),
        "updating_seconds": statistics.median(updating[1:]),
        "tokens_per_second": num_tokens / seconds,
    }
    if device == "cuda":
        name = torch.cuda.get_device_name()
        peak = next((value for part, value in PEAKS.items() if part in name), None)
        found["memory_gib"] = torch.cuda.max_memory_allocated() / 2**30
        found["mfu"] = operations / seconds / peak if peak else None
        torch.cuda.reset_peak_memory_stats()
    return found


def random_policy(size: str, num_positions: int, device: str) -> Any:
    """A Llama with random weights in bf16 and LoRA on its attention and MLP."""
    hidden, inner, layers, heads = SHAPES[size]
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=hidden,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        max_position_embeddings=num_positions + 8,
        bos_token_id=None,
        eos_token_id=None,
    )
    torch.manual_seed(0)
    with torch.device(device):
        model = LlamaForCausalLM(config).to(torch.bfloat16).eval()
    return get_peft_model(model, LoraConfig(r=16, target_modules="all-linear"))


def scores(tasks: list[Task], candidates: list[Candidate]) -> list[float]:
    """A reward that costs nothing."""
    return [float(len(c.text) % 7) for c in candidates]


def now(device: str) -> float:
    """The time when all work so far is done."""
    if device == "cuda":
        torch.cuda.synchronize()
    return time.monotonic()


if __name__ == "__main__":
    main()
