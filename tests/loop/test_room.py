"""Which tasks leave PPO something to win."""

from loop.room import most_room
from multipl_e.records import Score, Task

TASKS = [Task(name, "py", "", "") for name in ("sure", "hopeless", "open", "unsampled")]
SAMPLES = {"sure": [0.9, 0.9, 0.8], "hopeless": [0.1, 0.0, 0.0], "open": [0.9, 0.1, 0.1]}


def scores(kind: str) -> dict[tuple[tuple[str, str], int], Score]:
    return {
        ((name, "py"), index): Score(0.0, number) if kind == "probability" else Score(number, None)
        for name, numbers in SAMPLES.items()
        for index, number in enumerate(numbers)
    }


def chosen(kind: str, number: int) -> list[str]:
    return [task.name for task in most_room(TASKS, scores(kind), kind, number)]


def test_the_task_whose_best_sample_stands_out_comes_first() -> None:
    assert chosen("probability", 1) == ["open"]


def test_tasks_stay_in_their_order_and_those_without_samples_are_left_out() -> None:
    assert chosen("probability", 4) == ["sure", "hopeless", "open"]


def test_an_uncalibrated_reranker_is_read_by_its_value() -> None:
    assert chosen("value", 1) == ["open"]
    uncalibrated = {key: Score(score.value, None) for key, score in scores("value").items()}
    assert [t.name for t in most_room(TASKS, uncalibrated, "probability", 1)] == ["open"]
