"""Record what TRL 1.12.0's PPOTrainer computes on a fixed batch.

TRL removed its PPOTrainer in 1.13, so this runs in an environment of its own::

    python3 -m venv /tmp/trl-ppo && /tmp/trl-ppo/bin/pip install torch==2.13.0
    /tmp/trl-ppo/bin/pip install trl==1.12.0          # brings a transformers that it accepts
    /tmp/trl-ppo/bin/python benchmarks/ppo_parity/make_fixture.py

It runs `PPOTrainer.train()` itself on small random-weight Llama models and retypes none of TRL's
arithmetic: TRL's module-level `masked_mean` and `masked_whiten` are wrapped so that each call also
notes the local variables of the `train` frame that called it. Advantages before whitening are the
argument of `masked_whiten`; everything else is a local of `train()` at the moment when the policy
loss has just been formed. Two optimizer steps are recorded for each case, so that the second one
has ratios other than 1. Cases:

- ``full``: no stop token, every response fills its length (the all-ones mask);
- ``ragged``: responses end at a stop token; TRL's value and reward positions reach one token
  further (`padding_mask_p1`) than its policy positions (`padding_mask`);
- ``k3_whitened``: full, k3 estimator, rewards whitened without shifting their mean.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
import trl
from datasets import Dataset
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    PreTrainedTokenizerFast,
)
from trl.experimental.ppo import PPOConfig, PPOTrainer, ppo_trainer

# The padding token lies outside the models' vocabulary, so that none can sample it.
VOCABULARY, PAD, STOP = 32, 32, 5
NUM_PROMPTS, PROMPT_LENGTH, RESPONSE_LENGTH = 8, 6, 12

CASES: dict[str, dict[str, Any]] = {
    "full": {"stop_token_id": None, "kl_estimator": "k1", "whiten_rewards": False},
    "ragged": {"stop_token_id": STOP, "kl_estimator": "k1", "whiten_rewards": False},
    "k3_whitened": {"stop_token_id": None, "kl_estimator": "k3", "whiten_rewards": True},
}

# Locals of train() that do not change between the optimizer steps, and those that do.
ROLLOUT = ("responses", "logprobs", "ref_logprobs", "values", "scores", "rewards")
ROLLOUT += ("padding_mask", "padding_mask_p1", "advantages", "returns")
STEP = ("micro_batch_inds", "logits", "new_logprobs", "vpred")


def tiny(seed: int, *, scalar: bool) -> torch.nn.Module:
    """A random Llama whose weights are large enough for the models to disagree."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=64,
        initializer_range=0.3,
        bos_token_id=1,
        eos_token_id=STOP,
        num_labels=1,
    )
    return (LlamaForSequenceClassification if scalar else LlamaForCausalLM)(config)


def word_tokenizer() -> PreTrainedTokenizerFast:
    words = {f"w{i}": i for i in range(VOCABULARY + 1)}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel(words, unk_token="w2")),
        pad_token=f"w{PAD}",
        eos_token=f"w{STOP}",
    )


class Recorder:
    """Wraps TRL's two masked helpers and notes the caller's locals."""

    def __init__(self) -> None:
        self.rollout: dict[str, torch.Tensor] = {}
        self.steps: list[dict[str, torch.Tensor]] = []
        self._mean, self._whiten = ppo_trainer.masked_mean, ppo_trainer.masked_whiten

    def masked_whiten(
        self, values: torch.Tensor, mask: torch.Tensor, shift_mean: bool = True
    ) -> torch.Tensor:
        whitened = self._whiten(values, mask, shift_mean)
        if sys._getframe(1).f_code.co_name == "train":
            name = "raw_advantages" if shift_mean else "raw_rewards"
            self.rollout[name] = values.detach().clone()
        return whitened

    def masked_mean(
        self, values: torch.Tensor, mask: torch.Tensor, axis: bool | None = None
    ) -> torch.Tensor:
        mean = self._mean(values, mask, axis)
        frame = sys._getframe(1)
        found = frame.f_locals if frame.f_code.co_name == "train" else {}
        if found.get("pg_loss_max") is values:
            self.rollout |= {name: found[name].detach().clone() for name in ROLLOUT}
            step = {name: torch.as_tensor(found[name]).detach().clone() for name in STEP}
            step |= {"policy_loss": mean.detach().clone(), "value_loss": found["vf_loss"].detach()}
            self.steps.append(step)
        return mean


def record(options: dict[str, Any], settings: dict[str, float]) -> dict[str, torch.Tensor]:
    """Run one case; returns its tensors by name."""
    torch.manual_seed(0)
    np.random.seed(0)
    prompts = torch.randint(6, VOCABULARY, (NUM_PROMPTS, PROMPT_LENGTH)).tolist()
    recorder = Recorder()
    ppo_trainer.masked_mean, ppo_trainer.masked_whiten = (
        recorder.masked_mean,
        recorder.masked_whiten,
    )
    try:
        with tempfile.TemporaryDirectory() as folder:
            config = PPOConfig(
                output_dir=folder,
                per_device_train_batch_size=NUM_PROMPTS,
                gradient_accumulation_steps=1,
                num_mini_batches=1,
                num_ppo_epochs=2,
                total_episodes=NUM_PROMPTS,
                response_length=RESPONSE_LENGTH,
                num_sample_generations=0,
                learning_rate=3e-3,
                use_cpu=True,
                bf16=False,
                report_to="none",
                save_strategy="no",
                seed=0,
                **settings,
                **options,
            )
            PPOTrainer(
                args=config,
                processing_class=word_tokenizer(),
                model=tiny(1, scalar=False),
                ref_model=tiny(2, scalar=False),
                reward_model=tiny(3, scalar=True),
                value_model=tiny(4, scalar=True),
                train_dataset=Dataset.from_dict({"input_ids": prompts}),
            ).train()
    finally:
        ppo_trainer.masked_mean, ppo_trainer.masked_whiten = recorder._mean, recorder._whiten
    tensors = dict(recorder.rollout)
    for number, step in enumerate(recorder.steps):
        tensors |= {f"step{number}.{name}": value for name, value in step.items()}
    return tensors


def main() -> None:
    default = Path(__file__).parents[2] / "tests" / "generator" / "fixtures"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=default, help="folder of the fixture")
    folder = parser.parse_args().output
    if trl.__version__ != "1.12.0":
        sys.exit(f"this needs trl 1.12.0 (the last with PPOTrainer), not {trl.__version__}")
    torch.set_num_threads(1)
    settings = {
        "kl_coef": 0.05,
        "gamma": 0.98,
        "lam": 0.9,
        "cliprange": 0.2,
        "cliprange_value": 0.2,
        "vf_coef": 0.1,
        "temperature": 0.7,
    }
    tensors = {
        f"{case}.{name}": value.contiguous()
        for case, options in CASES.items()
        for name, value in record(options, settings).items()
    }
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "trl_ppo.safetensors")
    versions = {
        "trl": trl.__version__,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "python": platform.python_version(),
    }
    description = {"settings": settings, "cases": CASES, "versions": versions}
    (folder / "trl_ppo.json").write_text(json.dumps(description, indent=2) + "\n")
    print(f"wrote {len(tensors)} tensors to {folder}")


if __name__ == "__main__":
    main()
