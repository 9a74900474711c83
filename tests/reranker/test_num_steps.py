"""How many optimizer steps a training takes."""

from reranker.train import RerankerOptions


def test_epochs_make_the_steps_follow_the_pairs() -> None:
    options = RerankerOptions(epochs=0.5, max_steps=100, groups_per_step=8, pairs_per_group=2)
    assert [options.num_steps(pairs) for pairs in (1, 320, 640)] == [1, 10, 20]


def test_max_steps_is_the_most() -> None:
    assert RerankerOptions(epochs=2.0, max_steps=7).num_steps(10_000) == 7


def test_without_epochs_the_pairs_do_not_matter() -> None:
    options = RerankerOptions(max_steps=60)
    assert options.num_steps(1) == options.num_steps(10_000) == 60
