"""What CCCS and FGO add to PPO on hard katas, after the same number of rollouts, over three seeds.

    python benchmarks/stepcoder.py --seeds 0 1 2 --jobs 2

For each seed: the shipped generator is fine-tuned on the solutions of new katas (the SFT model).
Hard are the katas of three and four operations with four conditionals or more of which it solves
less than a tenth of sixteen samples. On the hard ones of the training split it is tuned four ways
that differ in the two switches alone; each of the five models is then sampled anew on the hard
katas it was tuned on and on hard ones of the test split, which nothing was tuned on. Finished
parts are kept under --work and not done again, and an unfinished one goes on where it was; one
part alone is `--part SEED ARM`. Arms other than `ppo` can be left out (--arms ppo both).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import provenance

from generator.conditionals import conditional_starts
from generator.model import silence_transformers
from generator.ppo_options import PPOOptions
from generator.samplers.transformers import TransformersSampler
from generator.sft import SFTOptions, train_sft
from generator.stepcoder import train_stepcoder
from generator.stepcoder_options import StepCoderOptions
from multipl_e.executors import Executor
from multipl_e.files import write_json
from multipl_e.metrics import bootstrap_interval, paired_difference
from multipl_e.records import Task
from multipl_e.sources.katas import load
from multipl_e.tables import read_tasks, write_tasks

RESULTS = Path(__file__).parent / "results"
# (curriculum, fine_grained)
ARMS = {"ppo": (False, False), "cccs": (True, False), "fgo": (False, True), "both": (True, True)}
NUM_SAMPLES = 16
TEMPERATURE, MAX_NEW = 0.8, 192
MIN_CONDITIONALS, HARD_RATE = 4, 0.1
# Seconds for a program that takes some milliseconds: most that take longer never end.
TIMEOUT = 2.0
SFT = SFTOptions(learning_rate=5e-4, epochs=3.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=2, help="parts at a time, one thread each")
    parser.add_argument("--arms", nargs="+", choices=tuple(ARMS), default=list(ARMS))
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--drawn", type=int, default=400, help="katas to choose hard ones from")
    parser.add_argument("--hard", type=int, default=16, help="most hard katas of a split")
    parser.add_argument("--pass-rate", type=float, default=0.3)
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--muon-learning-rate", type=float, default=1e-3)
    parser.add_argument("--work", type=Path, default=Path("artifacts/stepcoder"))
    parser.add_argument("--output", type=Path, default=RESULTS / "stepcoder.json")
    parser.add_argument("--part", nargs=2, metavar=("SEED", "ARM"), help="do this part only")
    options = parser.parse_args()
    torch.set_num_threads(1)
    silence_transformers()
    if options.part:
        seed, arm = int(options.part[0]), options.part[1]
        prepare(seed, options) if arm == "sft" else tune(seed, arm, options)
        return
    # The SFT models first: the others begin there.
    for arms in (("sft",), options.arms):
        with ThreadPoolExecutor(options.jobs) as pool:
            parts = [(seed, arm) for seed in options.seeds for arm in arms]
            list(pool.map(lambda part: run_part(*part), parts))
    report = {**provenance(), "options": settings(options), **summarise(options)}
    write_json(options.output, report)
    print(json.dumps({name: report[name] for name in ("train", "test", "execution")}, indent=1))


def run_part(seed: int, arm: str) -> None:
    """One part in a process of its own."""
    subprocess.run([sys.executable, *sys.argv, "--part", str(seed), arm], check=True)


def settings(options: argparse.Namespace) -> dict[str, Any]:
    """What decides the figures."""
    ignored = ("work", "part", "jobs", "seeds", "arms", "output")
    plain = {name: value for name, value in vars(options).items() if name not in ignored}
    return {**plain, "stepcoder": asdict(stepcoder_options("both", options)), "sft": asdict(SFT)}


def finished(part: Path, options: argparse.Namespace) -> bool:
    """Whether a part is there; it must have been made with these settings."""
    if not part.exists():
        return False
    if json.loads(part.read_text())["settings"] != json.loads(json.dumps(settings(options))):
        sys.exit(f"{part} was made with other settings; choose another --work")
    return True


def stepcoder_options(arm: str, options: argparse.Namespace) -> StepCoderOptions:
    """The settings of an arm: the same but for its two switches."""
    curriculum, fine_grained = ARMS[arm]
    ppo = PPOOptions(
        num_steps=options.steps,
        tasks_per_step=16,
        rollouts_per_task=8,
        max_new_tokens=MAX_NEW,
        temperature=TEMPERATURE,
        learning_rate=options.learning_rate,
        muon_learning_rate=options.muon_learning_rate,
        lr_schedule="constant",
        kl_coef=0.02,
        normalise_reward=False,
        missing_eos_penalty=None,
        target_kl=0.1,
    )
    return StepCoderOptions(
        curriculum=curriculum,
        fine_grained=fine_grained,
        pass_rate=options.pass_rate,
        num_eval_tasks=0,
        ppo=ppo,
    )


def prepare(seed: int, options: argparse.Namespace) -> None:
    """The SFT model of a seed, and the katas that are hard for it."""
    folder = options.work / f"seed-{seed}"
    if finished(folder / "sft.json", options):
        return
    drawn = {
        split: load(
            split=split, languages=["py"], seed=seed, num_tasks=options.drawn, depths=(3, 4)
        )
        for split in ("train", "test")
    }
    easier = load(split="train", languages=["py"], seed=seed + 100, num_tasks=options.drawn)
    train_sft("default", [*easier, *drawn["train"]], folder / "sft", SFT, seed)
    rates = {}
    for split, tasks in drawn.items():
        several = [t for t in tasks if len(conditional_starts(t)) >= MIN_CONDITIONALS]
        several = several[: 3 * options.hard]
        first = solved(folder / "sft", several, seed)
        hard = [task for task, rate in zip(several, first, strict=True) if rate < HARD_RATE]
        hard = hard[: options.hard]
        write_tasks(folder / f"{split}.jsonl", hard)
        # Sampled anew: chosen by these very samples, they would seem harder than they are.
        rates[split] = solved(folder / "sft", hard, seed + 1)
        rates[f"{split}_mean_of_all"] = [float(np.mean(first))]
    write_json(folder / "sft.json", {"settings": settings(options), **rates})


def tune(seed: int, arm: str, options: argparse.Namespace) -> None:
    """One way of tuning, and how it fares."""
    folder = options.work / f"seed-{seed}"
    if finished(folder / f"{arm}.json", options):
        return
    tasks = {split: read_tasks(folder / f"{split}.jsonl") for split in ("train", "test")}
    with Executor(workers=1, timeout=TIMEOUT) as executor:
        result = train_stepcoder(
            folder / "sft",
            tasks["train"],
            executor,
            folder / arm,
            stepcoder_options(arm, options),
            seed,
            state_file=folder / f".{arm}.unfinished",
            on_step=lambda step: print(
                f"{seed} {arm} {step.ppo.step}: score {step.ppo.score_mean:+.2f} passes "
                f"{step.pass_rate:.2f} KL {step.ppo.kl:.2f} plain {step.remaining.get(0, 0):.2f} "
                f"in the loss {step.in_loss:.2f}, {step.seconds:.0f} s",
                flush=True,
            ),
        )
    history = result.history
    seconds = sum(step.seconds for step in history)
    report: dict[str, Any] = {"settings": settings(options)} | {
        split: solved(folder / arm, rows, seed + 2) for split, rows in tasks.items()
    }
    report |= {
        "num_rollouts": sum(step.ppo.num_rollouts for step in history),
        "seconds": seconds,
        "executing_share": sum(step.executing_seconds for step in history) / seconds,
        "waiting_share": sum(step.waiting_seconds for step in history) / seconds,
        "plain_share": [step.remaining.get(0, 0.0) for step in history],
        "pass_rate": [step.pass_rate for step in history],
        "kl": [step.ppo.kl for step in history],
        "in_loss": [step.in_loss for step in history],
    }
    write_json(folder / f"{arm}.json", report)


def solved(model: Path, tasks: list[Task], seed: int) -> list[float]:
    """Share of fresh samples that pass, task by task."""
    sampler = TransformersSampler(str(model), temperature=TEMPERATURE, max_new_tokens=MAX_NEW)
    candidates = sampler.sample(tasks, NUM_SAMPLES, seed=seed)
    with Executor(workers=1, timeout=TIMEOUT) as executor:
        verdicts = executor.judge(
            [(tasks[i // NUM_SAMPLES], candidate) for i, candidate in enumerate(candidates)]
        )
    passed = np.array([verdict is not None and verdict.passed for verdict in verdicts])
    rates: list[float] = passed.reshape(len(tasks), NUM_SAMPLES).mean(axis=1).tolist()
    return rates


def summarise(options: argparse.Namespace) -> dict[str, Any]:
    """pass@1 of every arm over all seeds' tasks, and the paired differences."""
    arms = ("sft", *options.arms)
    parts = {
        (seed, arm): json.loads((options.work / f"seed-{seed}" / f"{arm}.json").read_text())
        for seed in options.seeds
        for arm in arms
    }
    report: dict[str, Any] = {}
    for split in ("train", "test"):
        rates = {
            arm: np.concatenate([parts[seed, arm][split] for seed in options.seeds]) for arm in arms
        }
        report[split] = {
            "num_tasks": len(rates["sft"]),
            "pass_at_1": {arm: bootstrap_interval(r).to_dict() for arm, r in rates.items()},
            "by_seed": {
                arm: [float(np.mean(parts[seed, arm][split])) for seed in options.seeds]
                for arm in arms
            },
            "minus_ppo": {
                arm: paired_difference(rates[arm], rates["ppo"]).to_dict()
                for arm in arms
                if arm != "ppo"
            },
            **{
                f"both_minus_{arm}": paired_difference(rates["both"], rates[arm]).to_dict()
                for arm in ("cccs", "fgo")
                if {"both", arm} <= rates.keys()
            },
        }
    kept_apart = ("train", "test", "settings")
    report["runs"] = [
        {"seed": seed, "arm": arm, **{k: v for k, v in part.items() if k not in kept_apart}}
        for (seed, arm), part in parts.items()
    ]
    report["execution"] = {
        share: float(np.mean([part[share] for (_, arm), part in parts.items() if arm in ARMS]))
        for share in ("executing_share", "waiting_share")
    }
    return report


if __name__ == "__main__":
    main()
