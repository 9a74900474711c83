"""Work ahead in another thread, without losing order, errors or the thread itself."""

import threading
from collections.abc import Iterator

import pytest
import torch

from loop.overlap import in_background


def test_order_is_kept() -> None:
    assert list(in_background(range(100), ahead=3)) == list(range(100))


def test_work_runs_ahead_in_another_thread() -> None:
    threads = list(in_background((threading.get_ident() for _ in range(3)), ahead=3))
    assert threading.get_ident() not in threads


def test_errors_come_through() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    found = in_background(broken(), ahead=3)
    assert next(found) == 1
    with pytest.raises(ValueError, match="broken"):
        next(found)


def test_leaving_early_ends_the_thread() -> None:
    endless = in_background(iter(int, 1), ahead=3)
    next(endless)
    endless.close()  # type: ignore[attr-defined]
    assert not any(thread.name == "in-background" for thread in threading.enumerate())


def test_half_of_the_threads_are_left_to_whoever_uses_the_items() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert list(in_background((torch.get_num_threads() for _ in range(2)), ahead=1)) == [1, 1]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
