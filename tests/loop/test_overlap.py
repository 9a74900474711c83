"""Work ahead in another thread, without losing order, errors or the thread itself."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

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


ATTENTION = """
import sys, torch
from loop.overlap import in_background
torch.set_num_threads(2)
if sys.argv[1] == "after":
    assert list(in_background(range(3), ahead=1)) == [0, 1, 2]
torch.ones(2000, 512).sum(1)  # It is one of those in which threads look up how many they are.
inputs = torch.randn(4, 5, 5, 244, 32, generator=torch.Generator().manual_seed(0))
query, key, value = inputs[:3].requires_grad_()
output = torch.nn.functional.scaled_dot_product_attention(query, key, value)
gradients = torch.autograd.grad(output, (query, key, value), inputs[3])
torch.save(gradients, sys.argv[2])
"""


def test_work_in_the_background_leaves_no_trace_in_how_torch_rounds(tmp_path: Path) -> None:
    # In a process of its own: threads keep the number that they found first.
    for when in ("after", "alone"):
        subprocess.run([sys.executable, "-c", ATTENTION, when, str(tmp_path / when)], check=True)
    after, alone = (torch.load(tmp_path / when) for when in ("after", "alone"))
    assert all(torch.equal(a, b) for a, b in zip(after, alone, strict=True))
