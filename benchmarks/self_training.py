"""The three-seed study: what five rounds win, and what of it is owed to mining.

    python benchmarks/self_training.py --seeds 0 1 2 --runs artifacts/study

Each seed is one run of `python -m loop.iterate --rounds 5`. Then the last round's reranker is
trained again on other data with the same options, steps and seed:

- random: for every hard negative as many failing candidates drawn at random from the same probes;
- sampled: the generator's own candidates of all rounds, nothing from the probes;
- none: no new data, the pairs of the first round only. Beside the first round's own reranker,
  which took fewer steps, this tells what more steps are worth;
- likelihood: the last round's trunk after it has read the passing programs, before it is trained to
  compare them with failing ones.

A run that is there already is not run again; `run_time.py` measures time and memory by themselves.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from finished_run import open_run
from machine import provenance

from loop.evaluation import Group, oracle_at_n, pass_at_1, picks_pass
from loop.mining import fold
from loop.reading import passing_programs, read_programs
from loop.rounds import name_of
from loop.scores import score_groups
from multipl_e.files import write_json
from multipl_e.metrics import gap_recovered, paired_difference
from multipl_e.records import Pair
from multipl_e.tables import read_pairs
from reranker.scoring import Scorer, TrunkScorer
from reranker.train import train_reranker

RESULTS = Path(__file__).parent / "results"
ARMS = ("random", "sampled", "none")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=Path, default=Path("artifacts/study"))
    parser.add_argument("--options", nargs=argparse.REMAINDER, default=[], help="for loop.iterate")
    options = parser.parse_args()
    studies = []
    for seed in options.seeds:
        run = options.runs / f"seed-{seed}"
        run_once(run, seed, options.rounds, options.options)
        studies.append(Study(run, seed))
        studies[-1].train_controls()
    report = {**provenance(), **summarise(studies)}
    write_json(RESULTS / "self_training.json", report)
    print(json.dumps(report["pooled"], indent=1))


def run_once(run: Path, seed: int, rounds: int, extra: list[str]) -> None:
    """A whole run from the command line, or what is missing of it."""
    if (run / "reranker").exists():
        return
    command = [sys.executable, "-m", "loop.iterate", "--rounds", str(rounds)]
    subprocess.run([*command, "--seed", str(seed), "--output", str(run), *extra], check=True)


class Study:
    """One finished run and the rerankers trained beside it."""

    def __init__(self, run: Path, seed: int):
        self.run, self.seed = run, seed
        self.results = open_run(run)
        self.config, self.store = self.results.config, self.results.store
        self.rounds = self.results.rounds
        self.controls: dict[str, list[Group]] = {}

    def train_controls(self) -> None:
        """The last round's reranker on other data, same options, steps and seed."""
        for arm in ARMS:
            folder = self.run.with_name(f"{self.run.name}-{arm}")
            if not folder.exists():
                self._train(self.pairs(arm), folder)
            self.controls[arm] = self._scored(Scorer(folder))
        trunk = self.store.path(name_of(self.config.rounds, "trunk"))
        self.controls["likelihood"] = self._scored(TrunkScorer(trunk))

    def _scored(self, scorer: Scorer) -> list[Group]:
        groups = self.results.held_out(self.config.rounds)
        scored = score_groups(scorer, [(g.task, g.rows) for g in groups])
        return [
            dataclasses.replace(g, scores={**g.scores, "reward": [s.value for s in given]})
            for g, given in zip(groups, scored, strict=True)
        ]

    def pairs(self, arm: str) -> list[Pair]:
        """The training pairs of a control."""
        last = self.config.rounds
        own = read_pairs(self.store.path(name_of(1 if arm == "none" else last, "pairs.parquet")))
        sampled = [pair for pair in own if pair.origin == "sampled"]
        if arm != "random":
            return sampled
        mining = dataclasses.replace(self.config.mining, select="random")
        weight = self.config.reranker.hard_negative_weight
        drawn: list[Pair] = []
        for number in range(1, last):
            rng = random.Random(self.rounds._seed(f"mine {number}"))
            probes = self.results.probes(number, self.rounds.round_tasks(number))
            for task, rows in probes:
                drawn += fold(task, rows, mining, weight, rng)
        return sampled + drawn

    def _train(self, pairs: list[Pair], output: Path) -> None:
        """As the run's last round does, with its numbers of steps whatever pairs a control has."""
        last, config, tasks = self.config.rounds, self.config, self.rounds.split("train")
        own = read_pairs(self.store.path(name_of(last, "pairs.parquet")))
        sft, options = config.trunk_sft, config.reranker
        trunk = output.with_name(f"{output.name}-trunk")
        num_steps = sft.num_steps(len(passing_programs(own, tasks)))
        read_programs(
            config.reranker.base,
            passing_programs(pairs, tasks),
            trunk,
            dataclasses.replace(sft, max_steps=num_steps),
            self.rounds._seed(f"trunk {last}"),
        )
        train_reranker(
            trunk,
            pairs,
            {task.key: task for task in tasks},
            self.rounds.held_out("valid"),
            output,
            dataclasses.replace(options, max_steps=options.num_steps(len(own)), epochs=0.0),
            self.rounds._seed(f"reranker {last}"),
        )

    def picks(self) -> dict[str, np.ndarray]:
        """Per test task: what every way of picking solves."""
        groups = self.results.held_out(self.config.rounds)
        found = {
            "mined": picks_pass(groups, "reward"),
            "logprob": picks_pass(groups, "logprob"),
            "trunk": picks_pass(groups, "trunk"),
            "first_round": picks_pass(self.results.held_out(1), "reward"),
            "pass_at_1": pass_at_1(groups),
            "oracle": oracle_at_n(groups),
        }
        return found | {arm: picks_pass(g, "reward") for arm, g in self.controls.items()}


def summarise(studies: list[Study]) -> dict[str, Any]:
    """Every figure per seed, and over all seeds with tasks as the unit of resampling."""
    picks = [study.picks() for study in studies]
    pooled = {name: np.concatenate([p[name] for p in picks]) for name in picks[0]}
    return {
        "pooled": figures(pooled),
        "seeds": [
            {
                "seed": study.seed,
                **figures(found),
                "rounds": rounds_of(study.run),
            }
            for study, found in zip(studies, picks, strict=True)
        ],
    }


def figures(picks: dict[str, np.ndarray]) -> dict[str, Any]:
    single, oracle = picks["pass_at_1"], picks["oracle"]
    found: dict[str, Any] = {"num_tasks": len(single)}
    found |= {name: float(values.mean()) for name, values in picks.items()}
    for name in ("mined", "first_round", "logprob", "trunk", "likelihood", *ARMS):
        found[f"gap_recovered_{name}"] = gap_recovered(picks[name], single, oracle).to_dict()
    for other in ("first_round", "logprob", "trunk", "likelihood", *ARMS):
        found[f"mined_minus_{other}"] = paired_difference(picks["mined"], picks[other]).to_dict()
    return found


def rounds_of(run: Path) -> list[dict[str, Any]]:
    report = json.loads((run / "report.json").read_text())
    keys = (
        "best_of_n",
        "gap_recovered",
        "roc_auc",
        "ppo_score_gain",
        "ppo_score_gain_fresh",
        "ppo_pass_rate",
        "reference_pass_rate",
        "hard_negatives_mined",
        "hard_negatives_now_ranked_below_passing",
        "hard_negatives_now_ranked_below_passing_fresh",
    )
    return [
        {"round": entry["round"], **{k: entry["overall"][k] for k in keys if k in entry["overall"]}}
        for entry in report["rounds"]
    ]


if __name__ == "__main__":
    main()
