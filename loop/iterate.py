"""`python -m loop.iterate`: rounds of self-training, from a generator to a reranker."""

from __future__ import annotations

from pathlib import Path

from generator.model import check_model, silence_transformers
from generator.samplers import get_sampler
from loop.beside import Beside
from loop.config import PRESETS, RunConfig
from loop.environment import describe_environment
from loop.measuring import Measuring
from loop.overlap import use_threads
from loop.plan import print_plan
from loop.report import final_table, read_report
from loop.rounds import Rounds
from loop.store import RunStore, Stage
from loop.tasks import load_run_tasks, usable_languages
from multipl_e.cli import run_command
from multipl_e.errors import UserError
from multipl_e.executors import Executor
from multipl_e.progress import console, say

RUNS = Path("artifacts/runs")

DESCRIPTION = """Train a reranker by rounds of self-training: it learns from executed candidates,
PPO searches for programs that fool it, and those join its training set.
Example: python -m loop.iterate --rounds 5 --preset tiny --seed 1"""


def main(config: RunConfig) -> None:
    """Run the rounds, or as much of them as is not yet done, and write the report."""
    config.check()
    check_inputs(config)
    config = usable_languages(config)
    output = Path(config.output or RUNS / f"{config.tasks.source}-seed-{config.seed}")
    store = RunStore(output)
    if config.dry_run:
        print_plan(config, store)
        return
    store.open(config.resolved(), describe_environment(config.tasks.languages))
    use_threads(config.threads)
    silence_transformers()
    execution = config.execution
    with Executor(
        workers=execution.workers,
        timeout=execution.timeout,
        isolation=execution.isolation,
        remember=True,  # a policy writes again what the generator wrote
    ) as executor:
        run_rounds(config, store, executor)
    say(f"report: {output / 'report.html'}")


def check_inputs(config: RunConfig) -> None:
    """Look for the models, the sampler and the files that a run names, before any work starts.

    Raises:
        UserError: with the one that is not there.
    """
    options = config.generator
    get_sampler(options.sampler)
    if options.sampler == "replay":
        named = [options.candidates, config.tasks.file]
    else:
        check_model(options.model)
        named = [config.tasks.file]
    if config.reranker.base != "generator":
        check_model(config.reranker.base)
    for name in named:
        if name is not None and not Path(name).exists():
            raise UserError(f"{name}: there is no such file")


def run_rounds(config: RunConfig, store: RunStore, executor: Executor) -> None:
    """All stages in order (METHODS.md's letters); each round is measured beside the next."""
    rounds = Rounds(config, store, executor)
    stages: list[Stage] = []

    def finished(stage: Stage) -> None:
        stages.append(stage)
        say(summary_line(stage))

    rounds.on_stage = finished
    tasks = rounds.prepare_tasks(lambda: load_run_tasks(config))
    generator = rounds.tune_generator(tasks)  # A
    with Beside(config, store.root, finished) as beside:
        held_out = rounds.sample_held_out(generator)
        beside.later(Measuring.baseline, held_out=held_out, generator=generator)
        earlier: list[Stage] = []
        for number in range(1, config.rounds + 1):
            candidates = rounds.sample_round(number, generator)
            pairs = rounds.gather_pairs(number, candidates, earlier)
            base = rounds.train_trunk(number, pairs, generator)  # B
            with beside.working():
                reranker = rounds.train_reranker(number, pairs, held_out, generator, base)
            policy = rounds.train_policy(number, candidates, reranker, generator)  # C
            probes = rounds.probe(number, policy)  # D
            probe_scores = rounds.score(number, "probe-scores.parquet", probes, reranker)
            mined = rounds.mine(number, probes, probe_scores)  # E
            beside.later(
                Measuring.round,  # F
                number=number,
                held_out=held_out,
                reranker=reranker,
                probe_scores=probe_scores,
                stages=tuple(stages),
            )
            earlier = [pairs, mined]
        beside.finish()
    store.link("reranker", reranker)
    console.print(final_table(read_report(store.root)))


def summary_line(stage: Stage) -> str:
    """One line on a finished stage: its name, how long it took, its figures."""
    figures = [
        f"{name.removeprefix('num_').replace('_', ' ')} {value:,}"
        if isinstance(value, int)
        else f"{name.replace('_', ' ')} {value:.3f}"
        for name, value in stage.summary.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    return f"{stage.name:<32} {stage.seconds:7.1f} s  {', '.join(figures)}"


if __name__ == "__main__":
    run_command(
        RunConfig,
        main,
        prog="python -m loop.iterate",
        description=DESCRIPTION,
        preset_dir=PRESETS,
        default_preset="tiny",
    )
