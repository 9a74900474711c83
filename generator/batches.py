"""Which rows make a batch: those of about one length, so that little of it is padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import Sampler

# Batches that are sorted together. More would leave less padding, and less to chance.
POOL = 8


class BatchesOfLikeLength(Sampler[int]):
    """Numbers of all rows in an order whose batches hold rows of about one length.

    Rows are shuffled, sorted by length within pools of a few batches, and the batches are shuffled
    again; what does not fill a batch comes last. Every iteration draws another order.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        """Prepare to draw.

        Args:
            lengths: Tokens of each row.
            batch_size: Rows of a batch.
            seed: The same seed gives the same orders.
        """
        self.lengths, self.batch_size = torch.tensor(lengths), batch_size
        self._random = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        shuffled = torch.randperm(len(self), generator=self._random)
        batches = [
            batch
            for pool in shuffled.split(POOL * self.batch_size)
            for batch in pool[self.lengths[pool].argsort(stable=True)].split(self.batch_size)
        ]
        partial = [batch for batch in batches if len(batch) < self.batch_size]
        full = [batch for batch in batches if len(batch) == self.batch_size]
        order = torch.randperm(len(full), generator=self._random).tolist()
        for batch in [*(full[i] for i in order), *partial]:
            yield from batch.tolist()
