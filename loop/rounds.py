"""The stages of a run: each reads its inputs, leaves one output, and may resume.

A  sft                      the generator learns the run's training tasks
   stepcoder                and is tuned from compiler feedback on them, if asked for
   held-out/candidates      the generator's candidates of validation and test tasks, executed
   held-out/trunk           their likelihood under the reranker's base, before any training
B  round-NN/candidates      the generator's candidates of this round's training tasks, executed
   round-NN/pairs           all pairs so far: sampled ones, and those mined in earlier rounds
   round-NN/trunk           the reranker's base, having learnt those pairs' passing programs
   round-NN/reranker        trained from there to tell them from the failing ones
F  round-NN/scores          what it thinks of the held-out candidates
C  round-NN/candidate-scores  what it thinks of the round's own, by which PPO's tasks are chosen
   round-NN/policy          a fresh copy of the generator, driven by PPO against that reranker
D  round-NN/probes          what the policy writes for this round's tasks and validation tasks
   round-NN/probe-scores    what the reranker thinks of those
E  round-NN/mined           the pairs that the probes yield, for the rounds to come
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from generator.ppo import PPOStep, train_ppo
from generator.samplers import Sampler, get_sampler
from generator.samplers.replay import ReplaySampler
from generator.sft import train_sft
from generator.stepcoder import train_stepcoder
from generator.stepcoder_report import pass_at_1
from loop.config import RunConfig
from loop.labelling import Groups, canonical_row, load_groups, sample_and_judge
from loop.mining import fold
from loop.reading import passing_programs, read_programs
from loop.room import most_room
from loop.scores import read_probed, read_scores, reward_of, score_groups, write_scores
from loop.store import RunStore, Stage
from multipl_e.executors import Executor
from multipl_e.progress import progress
from multipl_e.records import Pair, Task
from multipl_e.tables import read_pairs, read_tasks, write_pairs, write_tasks
from reranker.data import make_pairs
from reranker.scoring import Scorer, TrunkScorer
from reranker.train import train_reranker

TASKS = "tasks.parquet"
TRUNK_SCORES = "held-out/trunk.parquet"


class Rounds:
    """The stages of one run; `loop.iterate` calls them in order."""

    def __init__(self, config: RunConfig, store: RunStore, executor: Executor):
        self.config, self.store, self.executor = config, store, executor
        self.on_stage: Callable[[Stage], None] = lambda stage: None
        self.tasks: list[Task] = []
        self.replays = config.generator.sampler == "replay"

    # ------------------------------------------------------------------------------------- tasks

    def prepare_tasks(self, load: Callable[[], Sequence[Task]]) -> Stage:
        """Fix the run's tasks and their splits."""

        def work(output: Path) -> dict[str, Any]:
            tasks = load()
            write_tasks(output, tasks)
            splits = [task.split for task in tasks]
            return {name: splits.count(name) for name in ("train", "valid", "test")}

        stage = self.stage(TASKS, {"tasks": self.config.tasks}, work)
        self.tasks = read_tasks(self.store.path(stage.name))
        return stage

    def split(self, *names: str) -> list[Task]:
        """The tasks of these splits."""
        return [task for task in self.tasks if task.split in names]

    def round_tasks(self, number: int) -> list[Task]:
        """The training tasks of a round.

        Every round probes tasks that it has not seen before; replay, whose pool is all there is,
        draws unseen candidates of the same tasks instead.
        """
        tasks, size = self.split("train"), self.config.tasks.tasks_per_round
        if self.replays:
            return tasks
        if size:
            return tasks[(number - 1) * size : number * size]
        return tasks[number - 1 :: self.config.rounds]

    def ppo_tasks(self, number: int) -> list[Task]:
        """The round's tasks that PPO works on: all, or those with most to win (scored before)."""
        tasks, mining = self.round_tasks(number), self.config.mining
        if not mining.ppo_tasks:
            return tasks
        scores = read_scores(self.store.path(name_of(number, "candidate-scores.parquet")))
        return most_room(tasks, scores, mining.reward, mining.ppo_tasks)

    def fresh_tasks(self) -> list[Task]:
        """The validation tasks that every policy is probed on, which none has met."""
        return self.split("valid")[: self.config.mining.fresh_tasks or None]

    # --------------------------------------------------------------------------- A, the generator

    def tune_generator(self, tasks: Stage) -> Stage | None:
        """Stage A: SFT on the training tasks' solutions, then StepCoder if it is asked for."""
        generator, options = self.config.generator, self.config.sft
        if generator.tuning == "none" or self.replays:
            return None
        solved = [task for task in self.split("train") if task.canonical_solution is not None]
        sft = self.stage(
            "sft",
            {"sft": options, "model": generator.model, "tasks": tasks.digest},
            lambda output: train_sft(generator.model, solved, output, options, self._seed("sft")),
        )
        return self._tune_by_stepcoder(sft, solved) if generator.tuning == "stepcoder" else sft

    def _tune_by_stepcoder(self, sft: Stage, tasks: Sequence[Task]) -> Stage:
        options, state_file = self.config.stepcoder, self.store.path(".stepcoder.unfinished")

        def work(output: Path) -> dict[str, Any]:
            with progress("StepCoder", options.ppo.num_steps) as advance:
                result = train_stepcoder(
                    self.store.path(sft.name),
                    tasks,
                    self.executor,
                    output,
                    options,
                    self._seed("stepcoder"),
                    on_step=lambda step: advance(1),
                    state_file=state_file,
                )
            state_file.unlink(missing_ok=True)
            return {
                "pass_at_1_before": pass_at_1(result.before).value,
                "pass_at_1_after": pass_at_1(result.after).value,
            }

        inputs = {"sft": sft.digest, "timeout": self.config.execution.timeout}
        return self.stage("stepcoder", {"stepcoder": options, **inputs}, work)

    def sample_held_out(self, generator: Stage | None) -> Stage:
        """The generator's candidates of validation and test tasks, executed once for all rounds."""
        tasks = self.split("valid", "test")
        number = self.config.generator.num_candidates
        return self._sample("held-out/candidates.parquet", tasks, generator, 0, number)

    def score_by_trunk(self, held_out: Stage, generator: Stage | None) -> Stage:
        """A baseline: the held-out candidates' likelihood under the untrained reranker base."""
        return self.stage(
            TRUNK_SCORES,
            {"base": self._base(generator), "candidates": held_out.digest},
            lambda output: self._score(
                TrunkScorer(self._base(generator)), self.held_out("test"), output
            ),
        )

    # ----------------------------------------------------------------------------- B, the reranker

    def sample_round(self, number: int, generator: Stage | None) -> Stage:
        """The generator's candidates of the round's training tasks, executed."""
        name, tasks = name_of(number, "candidates.parquet"), self.round_tasks(number)
        num_probes = self.config.generator.num_probes
        return self._sample(name, tasks, generator, 2 * number - 2, num_probes)

    def gather_pairs(self, number: int, candidates: Stage, earlier: Sequence[Stage]) -> Stage:
        """All training pairs so far: this round's own, the previous round's, those it mined."""
        options = self.config.mining

        def work(output: Path) -> dict[str, Any]:
            pairs = [pair for stage in earlier for pair in read_pairs(self.store.path(stage.name))]
            if number == 1 or options.select != "none":
                groups = load_groups(self.store.path(candidates.name), self.round_tasks(number))
                if options.canonical:
                    groups = [(task, [*rows, *canonical_row(task)]) for task, rows in groups]
                seed = self._seed(f"pairs {number}")
                made = make_pairs(groups, options.pairs_per_task, seed=seed)
                # A pool's draw may be a late one, but these candidates were not mined.
                pairs += [dataclasses.replace(p, origin="sampled", weight=1.0) for p in made]
            write_pairs(output, pairs)
            num_mined = sum(pair.origin == "mined" for pair in pairs)
            return {"num_pairs": len(pairs), "num_mined": num_mined}

        inputs = {"candidates": candidates.digest, "earlier": [stage.digest for stage in earlier]}
        return self.stage(name_of(number, "pairs.parquet"), {"mining": options, **inputs}, work)

    def train_trunk(self, number: int, pairs: Stage, generator: Stage | None) -> Stage | None:
        """Stage B, first half, where it is wanted (see `loop.reading`)."""
        options, base = self.config.trunk_sft, self._base(generator)
        if not options.enabled:
            return None

        def work(output: Path) -> dict[str, Any]:
            training = read_pairs(self.store.path(pairs.name))
            programs = passing_programs(training, self.split("train"))
            return dict(
                read_programs(base, programs, output, options, self._seed(f"trunk {number}"))
            )

        inputs = {"pairs": pairs.digest, "base": base}
        return self.stage(name_of(number, "trunk"), {"sft": options, **inputs}, work)

    def train_reranker(
        self,
        number: int,
        pairs: Stage,
        held_out: Stage,
        generator: Stage | None,
        trunk: Stage | None,
    ) -> Stage:
        """Stage B: from the base again, on all rounds' pairs; valid tasks choose the checkpoint."""
        options = self.config.reranker
        base = str(self.store.path(trunk.name)) if trunk else self._base(generator)

        def work(output: Path) -> dict[str, Any]:
            training = read_pairs(self.store.path(pairs.name))
            num_steps = options.num_steps(len(training))
            with progress(f"round {number}: reranker", num_steps) as advance:
                metrics = train_reranker(
                    base,
                    training,
                    {task.key: task for task in self.split("train")},
                    self.held_out("valid"),
                    output,
                    options,
                    self._seed(f"reranker {number}"),
                    on_step=advance,
                )
            return {key: value for key, value in metrics.items() if key != "seconds"}

        inputs = {
            "pairs": pairs.digest,
            "valid": held_out.digest,
            "base": trunk.digest if trunk else base,
        }
        return self.stage(name_of(number, "reranker"), {"reranker": options, **inputs}, work)

    def score_held_out(self, number: int, reranker: Stage, held_out: Stage) -> Stage:
        """Stage F: the round's reranker on the test tasks' candidates, and the fresh tasks'."""

        def work(output: Path) -> dict[str, Any]:
            tasks = [*self.fresh_tasks(), *self.split("test")]
            groups = load_groups(self.store.path(held_out.name), tasks)
            return self._score(self.scorer(number), groups, output)

        inputs = {"reranker": reranker.digest, "candidates": held_out.digest}
        fresh = self.config.mining.fresh_tasks
        return self.stage(name_of(number, "scores.parquet"), {"fresh": fresh, **inputs}, work)

    # ---------------------------------------------------------------------- C, D, E, what fools it

    def train_policy(
        self, number: int, candidates: Stage, reranker: Stage, generator: Stage | None
    ) -> Stage | None:
        """Stage C: PPO from the generator against the round's reranker; nothing under replay."""
        if self.replays:
            return None
        options, mining = self.config.ppo, self.config.mining
        own = self.score(number, "candidate-scores.parquet", candidates, reranker)

        def work(output: Path) -> dict[str, Any]:
            with progress(f"round {number}: PPO", options.num_steps) as advance:
                result = train_ppo(
                    self._generator_path(generator),
                    self.ppo_tasks(number),
                    reward_of(self.scorer(number), mining.reward),
                    output,
                    options,
                    self._seed(f"ppo {number}"),
                    on_step=lambda step: advance(1),
                )
            return {"steps": [_watched(step) for step in result.history]}

        inputs = {
            "reranker": reranker.digest,
            "generator": _digest(generator),
            "candidates": own.digest,
            "reward": mining.reward,
            "num_tasks": mining.ppo_tasks,
        }
        return self.stage(name_of(number, "policy"), {"ppo": options, **inputs}, work)

    def probe(self, number: int, policy: Stage | None) -> Stage:
        """Stage D: the policy's candidates of the round's tasks and of tasks it never met.

        Without a policy (replay) these are candidates of the pool that no round has drawn yet.
        """
        name, tasks = name_of(number, "probes.parquet"), self.round_tasks(number)
        num_probes = self.config.generator.num_probes
        return self._sample(name, [*tasks, *self.fresh_tasks()], policy, 2 * number - 1, num_probes)

    def score(self, number: int, name: str, candidates: Stage, reranker: Stage) -> Stage:
        """What the round's reranker thinks of candidates of its tasks: the samples, the probes."""
        return self.stage(
            name_of(number, name),
            {"candidates": candidates.digest, "reranker": reranker.digest},
            lambda output: self._score(
                self.scorer(number),
                load_groups(self.store.path(candidates.name), self.tasks),
                output,
            ),
        )

    def mine(self, number: int, probes: Stage, scores: Stage) -> Stage:
        """Stage E: the pairs that the round's probes yield."""
        options, weight = self.config.mining, self.config.reranker.hard_negative_weight

        def work(output: Path) -> dict[str, Any]:
            rng = random.Random(self._seed(f"mine {number}"))
            pairs: list[Pair] = []
            probed = read_probed(
                self.store.path(probes.name),
                self.store.path(scores.name),
                self.round_tasks(number),
            )
            for task, rows in probed:
                pairs += fold(task, rows, options, weight, rng)
            write_pairs(output, pairs)
            return {"num_pairs": len(pairs), "num_tasks": len({p.task for p in pairs})}

        inputs = {"probes": probes.digest, "scores": scores.digest, "weight": weight}
        return self.stage(name_of(number, "mined.parquet"), {"mining": options, **inputs}, work)

    # ------------------------------------------------------------------------------ what they share

    def scorer(self, number: int) -> Scorer:
        """A round's reranker, in the precision that it was trained and calibrated in."""
        return Scorer(self.store.path(name_of(number, "reranker")), dtype="float32")

    def held_out(self, *splits: str) -> Groups:
        """The executed held-out candidates of these splits, by task."""
        return load_groups(self.store.path("held-out/candidates.parquet"), self.split(*splits))

    def stage(
        self, name: str, inputs: dict[str, Any], work: Callable[[Path], dict[str, Any] | None]
    ) -> Stage:
        """Do a stage, or find it done; `inputs` may hold options as dataclasses."""
        plain = {
            key: dataclasses.asdict(value) if dataclasses.is_dataclass(value) else value  # type: ignore[arg-type]
            for key, value in inputs.items()
        }
        stage = self.store.stage(name, {"seed": self.config.seed, **plain}, work)
        self.on_stage(stage)
        return stage

    def _sample(
        self, name: str, tasks: Sequence[Task], model: Stage | None, draw: int, number: int
    ) -> Stage:
        options, timeout = self.config.generator, self.config.execution.timeout

        def work(output: Path) -> dict[str, Any]:
            sampler = self._sampler(model)
            return sample_and_judge(
                tasks,
                sampler,
                self.executor,
                output,
                num_candidates=number,
                # The pool of a replay has one order for the whole run, so that rounds stay apart.
                seed=self._seed("replay" if self.replays else name),
                round=draw,
                recorded=sampler.verdicts if isinstance(sampler, ReplaySampler) else None,
                description=name.removesuffix(".parquet"),
            )

        inputs = {"model": _digest(model), "tasks": [task.key for task in tasks], "draw": draw}
        options_in = {"generator": options, "number": number, "timeout": timeout}
        return self.stage(name, {**options_in, **inputs}, work)

    def _sampler(self, model: Stage | None) -> Sampler:
        options = self.config.generator
        if self.replays:
            assert options.candidates is not None
            recorded = options.recorded_verdicts
            # Every draw owns as much of a pool as the largest one takes.
            own = max(options.num_candidates, options.num_probes)
            return ReplaySampler(options.candidates, per_round=own, recorded_verdicts=recorded)
        return get_sampler(options.sampler)(  # type: ignore[call-arg]
            self._generator_path(model),
            temperature=options.temperature,
            top_p=options.top_p,
            max_new_tokens=options.max_new_tokens,
            batch_size=options.batch_size,
        )

    def _score(self, scorer: Scorer, groups: Groups, output: Path) -> dict[str, Any]:
        write_scores(output, groups, score_groups(scorer, groups))
        return {"num_scored": sum(len(rows) for _, rows in groups)}

    def _base(self, generator: Stage | None) -> str:
        """The reranker's base model; "generator" names the tuned generator itself."""
        base = self.config.reranker.base
        return self._generator_path(generator) if base == "generator" else base

    def _generator_path(self, stage: Stage | None) -> str:
        return str(self.store.path(stage.name)) if stage else self.config.generator.model

    def _seed(self, purpose: str) -> int:
        """A seed of its own for every random purpose, from the run's seed."""
        text = json.dumps([self.config.seed, purpose])
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def name_of(number: int, output: str) -> str:
    """The path of a round's output in the run directory."""
    return f"round-{number:02d}/{output}"


def _digest(stage: Stage | None) -> str | None:
    return stage.digest if stage else None


def _watched(step: PPOStep) -> dict[str, float]:
    return {"step": step.step, "score": step.score_mean, "kl": step.kl, "entropy": step.entropy}
