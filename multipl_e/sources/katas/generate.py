"""Draw katas: compositions by type, split by composition, cases on which every step matters."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count, islice
from typing import Any, Literal, cast, get_args

from multipl_e.errors import UserError
from multipl_e.records import Split, Task
from multipl_e.sources.katas.inputs import draw, edges, small
from multipl_e.sources.katas.kata import NUM_STYLES, OPERATIONS, Case, Kata, Step, split_of
from multipl_e.sources.katas.operations import Kind, Operation, Value
from multipl_e.sources.katas.render import render, renderer_of

Share = Literal["core", "novel", "all"]

DEFAULT_NUM_TASKS = 300
DEFAULT_DEPTHS = (1, 2, 3)
MAX_DEPTH = 4
NUM_TESTS = 10
NUM_EDGE_TESTS = 4
MIN_TESTS = 6
NUM_PROBES = 6
MIN_PROBES = 3
# At most this share of the cases may expect the same value.
MOST_EQUAL = 0.5
# Repeats in a row after which a chain may come again with other examples.
PATIENCE = 30

_SOURCES: tuple[Kind, ...] = ("ints", "str", "int", "strs")
_SOURCE_WEIGHTS = (50, 25, 15, 10)
_DEPTH_WEIGHTS = {1: 1, 2: 2, 3: 2, 4: 1}
_FOLLOWERS: dict[tuple[Kind, bool], list[Operation]] = {
    (kind, novel): [
        o for o in OPERATIONS.values() if o.source == kind and (novel or not o.novel)
    ]
    for kind in _SOURCES
    for novel in (False, True)
}  # fmt: skip


def generate_katas(
    *,
    seed: int,
    split: Split | None,
    languages: Sequence[str] = ("py", "js"),
    num_tasks: int | None = None,
    operations: Share = "all",
    depths: Sequence[int] = DEFAULT_DEPTHS,
    novel_share: float | None = None,
    novel_operations: Sequence[str] | None = None,
    alternate_languages: bool = False,
) -> list[Task]:
    """Katas as MultiPL-E rows, the languages of one kata side by side.

    Args:
        seed: What the katas are drawn with; the same seed gives the same katas everywhere, and a
            longer list begins with the shorter one.
        split: The split to draw from; None draws from all.
        languages: Languages to write each kata in.
        num_tasks: Number of katas (not rows); 300 if None.
        operations: ``core`` uses only operations that the shipped weights know, ``novel`` puts at
            least one other into every kata, ``all`` mixes.
        depths: Numbers of steps to choose from, 1 to 4.
        novel_share: With ``all``, the share of katas that hold a novel operation.
        novel_operations: The novel operations that may occur; all of them if None.
        alternate_languages: Write each kata in one language only, in turn.

    Raises:
        UserError: A language that katas are not written in, or a request no kata can meet.
        ValueError: An argument out of its range.
    """
    for language in languages:
        renderer_of(language)
    if not languages:
        raise UserError("no language to write katas in; choose one or more")
    stream = iter_katas(
        seed,
        split=split,
        operations=operations,
        depths=depths,
        novel_share=novel_share,
        novel_operations=novel_operations,
    )
    katas = islice(stream, DEFAULT_NUM_TASKS if num_tasks is None else num_tasks)
    if alternate_languages:
        return [render(k, languages[i % len(languages)]) for i, k in enumerate(katas)]
    return [render(kata, language) for kata in katas for language in languages]


def iter_katas(
    seed: int,
    *,
    split: Split | None = "train",
    operations: Share = "all",
    depths: Sequence[int] = DEFAULT_DEPTHS,
    novel_share: float | None = None,
    novel_operations: Sequence[str] | None = None,
    with_tests: bool = True,
) -> Iterator[Kata]:
    """An endless stream of distinct katas; `render` writes them in a language.

    Chains (operations with parameters) do not repeat until new ones become rare; then one comes
    again with other words and other examples, under another name. Without tests (corpora) a kata
    costs less.

    Raises:
        UserError: A request no kata can meet.
        ValueError: An argument out of its range.
    """
    _check(split, operations, depths, novel_share)
    left_out = _left_out(novel_operations)
    return _stream(seed, split, operations, tuple(depths), novel_share, left_out, with_tests)


def _check(
    split: Split | None, operations: str, depths: Sequence[int], novel_share: float | None
) -> None:
    if operations not in get_args(Share):
        raise UserError(f"operations must be core, novel or all, not {operations!r}")
    if split not in (None, *get_args(Split)):
        raise UserError(f"katas have the splits train, valid and test, not {split!r}")
    if not depths or not all(1 <= depth <= MAX_DEPTH for depth in depths):
        raise UserError(f"a kata has 1 to {MAX_DEPTH} steps; depths were {list(depths)}")
    if split in ("valid", "test") and set(depths) == {1}:
        raise UserError("katas of one step are all in the split train; ask for deeper ones")
    if novel_share is not None and not 0 <= novel_share <= 1:
        raise ValueError(f"novel_share is a share from 0 to 1, not {novel_share}")


def _left_out(novel_operations: Sequence[str] | None) -> frozenset[str]:
    """The novel operations that may not occur."""
    known = {name for name, operation in OPERATIONS.items() if operation.novel}
    if novel_operations is None:
        return frozenset()
    for name in novel_operations:
        if name not in known:
            raise UserError(f"'{name}' is no novel operation; there are {', '.join(sorted(known))}")
    return frozenset(known.difference(novel_operations))


def _stream(
    seed: int,
    split: Split | None,
    operations: Share,
    depths: tuple[int, ...],
    novel_share: float | None,
    left_out: frozenset[str],
    with_tests: bool,
) -> Iterator[Kata]:
    if split in ("valid", "test"):
        depths = tuple(depth for depth in depths if depth > 1)
    setting = f"katas/{seed}/{split}/{operations}/{depths}/{novel_share}"
    if left_out:
        setting += f"/without {sorted(left_out)}"
    chains: set[tuple[Any, ...]] = set()
    names: set[str] = set()
    for number in count():
        rng = random.Random(f"{setting}/{number}")
        depth = rng.choices(depths, [_DEPTH_WEIGHTS[d] for d in depths])[0]
        novel = _wants_novel(rng, operations, novel_share)
        for attempt in count():
            kata = _attempt(rng, depth, novel, split, left_out, f"{setting}/{number}", with_tests)
            if kata is None or kata.name in names:
                continue
            chain = tuple((s.operation.name, s.parameter) for s in kata.steps)
            if chain not in chains or attempt >= PATIENCE:
                chains.add(chain)
                names.add(kata.name)
                yield kata
                break


def _wants_novel(rng: random.Random, operations: Share, novel_share: float | None) -> bool | None:
    """Whether the next kata must hold a novel operation, must not, or may (None)."""
    if operations != "all":
        return operations == "novel"
    return None if novel_share is None else rng.random() < novel_share


def _attempt(
    rng: random.Random,
    depth: int,
    novel: bool | None,
    split: Split | None,
    left_out: frozenset[str],
    identity: str,
    with_tests: bool,
) -> Kata | None:
    """One kata, or None where the draw does not make a good one."""
    chain = _walk(rng, depth, novel is not False)
    if chain is None or (novel and not any(o.novel for o in chain)):
        return None
    names = tuple(operation.name for operation in chain)
    if (split is not None and split_of(names) != split) or not left_out.isdisjoint(names):
        return None
    steps = tuple(
        Step(o, rng.choice(o.parameters) if o.parameters else None, rng.randrange(len(o.phrases)))
        for o in chain
    )
    cases = _cases(steps, rng, NUM_TESTS if with_tests else 0)
    if cases is None:
        return None
    examples, tests = cases
    digest = hashlib.sha256(
        f"{identity}/{[(s.operation.name, s.parameter) for s in steps]}".encode()
    )
    return Kata(
        name=f"Kata_{digest.hexdigest()[:8]}_{'_'.join(names)}",
        steps=steps,
        examples=examples,
        tests=tests,
        style=rng.randrange(NUM_STYLES),
    )


def _walk(rng: random.Random, depth: int, with_novel: bool) -> tuple[Operation, ...] | None:
    """Operations whose types fit, none twice."""
    kind = rng.choices(_SOURCES, _SOURCE_WEIGHTS)[0]
    chain: list[Operation] = []
    for _ in range(depth):
        operation = rng.choice(_FOLLOWERS[kind, with_novel])
        if operation in chain:
            return None
        chain.append(operation)
        kind = operation.target
    return tuple(chain)


def _cases(
    steps: tuple[Step, ...], rng: random.Random, num_tests: int
) -> tuple[tuple[Case, ...], tuple[Case, ...]] | None:
    """(examples, tests) on which every step matters; None where they cannot be found."""
    kind = steps[0].operation.source
    parameters = [step.parameter for step in steps if step.parameter is not None]
    num_examples = rng.randint(1, 2)
    shown: list[Value] = []
    for _ in range(3 * num_examples):
        value = draw(kind, rng, parameters, size=5)
        if value not in shown and _fits(steps, value):
            shown.append(value)
        if len(shown) == num_examples:
            break
    else:
        return None
    if not _shows(steps, shown):
        return None
    # Without tests a few probes still tell whether every step matters.
    probes = [draw(kind, rng, parameters) for _ in range(num_tests or NUM_PROBES)]
    hidden = [*_distinct(rng.sample(edges(kind), NUM_EDGE_TESTS), shown)] if num_tests else []
    hidden = [value for value in hidden if _fits(steps, value)]
    hidden += [v for v in _distinct(probes, [*shown, *hidden]) if _fits(steps, v)]
    hidden = hidden[:num_tests] if num_tests else hidden
    if len(hidden) < (MIN_TESTS if num_tests else MIN_PROBES) or not _discriminates(steps, hidden):
        return None
    tests = hidden if num_tests else []
    return _expected(steps, shown), _expected(steps, tests)


def _distinct(values: Sequence[Value], others: Sequence[Value]) -> list[Value]:
    result: list[Value] = []
    for value in values:
        if value not in others and value not in result:
            result.append(value)
    return result


def _run(steps: Sequence[Step], value: Value) -> Value | None:
    """The chain's result by the references; None where a value on the way is too large."""
    for step in steps:
        limit = step.operation.limit
        if limit is not None and abs(value) > limit:
            return None
        value = step.apply(value)
        if not small(value):
            return None
    return value


def _fits(steps: Sequence[Step], value: Value) -> bool:
    return _run(steps, value) is not None


def _expected(steps: Sequence[Step], values: Sequence[Value]) -> tuple[Case, ...]:
    return tuple((value, _run(steps, value)) for value in values)


def _discriminates(steps: tuple[Step, ...], values: Sequence[Value]) -> bool:
    """Whether results vary and dropping any one step that can be dropped changes some result."""
    results = [_run(steps, value) for value in values]
    if Counter(map(repr, results)).most_common(1)[0][1] > MOST_EQUAL * len(results):
        return False
    for i, step in enumerate(steps):
        if step.operation.source == step.operation.target:
            shorter = steps[:i] + steps[i + 1 :]
            if all(_run(shorter, v) == r for v, r in zip(values, results, strict=True)):
                return False
    return True


def _shows(steps: tuple[Step, ...], shown: Sequence[Value]) -> bool:
    """Whether the examples tell something: not the input itself, not empty, not twice the same."""
    results = [_run(steps, value) for value in shown]
    first, *others = results
    return bool(first != shown[0] and first not in ([], "") and first not in others)


def as_split(name: str | None) -> Split | None:
    """Read a split's name; `UserError` where there is no such split."""
    if name not in (None, *get_args(Split)):
        raise UserError(f"katas have the splits train, valid and test, not {name!r}")
    return cast("Split | None", name)
