"""The key-value cache while decoding: room to grow, rows that are repeated and dropped."""

from __future__ import annotations

from copy import copy as copy_of
from typing import Any

from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer


class GrowingLayer(DynamicLayer):
    """A cache layer with room to grow.

    The library's own layer copies all it holds for every new token, which on a CPU costs more
    than the model does.
    """

    ROOM = 64

    def __init__(self, layer: DynamicLayer) -> None:
        super().__init__()
        self.dtype, self.device = layer.dtype, layer.device
        self.is_initialized = True
        self.keys, self.values = layer.keys, layer.values
        self.room: tuple[Tensor, Tensor] | None = None

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Append states `(rows, heads, tokens, size)`; returns all keys and values."""
        begin = self.keys.shape[-2]
        end = begin + key_states.shape[-2]
        if self.room is None or end > self.room[0].shape[-2]:
            self.room = (self._enlarge(self.keys, end), self._enlarge(self.values, end))
        for store, new in zip(self.room, (key_states, value_states), strict=True):
            store[..., begin:end, :] = new
        self.keys, self.values = (store[..., :end, :] for store in self.room)
        return self.keys, self.values

    def reorder_cache(self, beam_idx: Tensor) -> None:
        """Keep these rows, in this order."""
        super().reorder_cache(beam_idx)
        self.room = None

    def _enlarge(self, states: Tensor, needed: int) -> Tensor:
        rows, heads, length, size = states.shape
        store = states.new_empty(rows, heads, needed + self.ROOM, size)
        store[..., :length, :] = states
        return store


def select_rows(cache: Any, rows: Tensor, *, copy: bool) -> Any:
    """The cache of these rows, which may occur many times.

    Args:
        cache: A cache of transformers' (changed in place unless `copy`).
        rows: Numbers of the rows to keep, in order.
        copy: Leave `cache` whole and return another.
    """
    if copy:
        # Selecting makes new tensors, so a shallow copy of every layer is enough.
        clone = copy_of(cache)
        clone.layers = [copy_of(layer) for layer in cache.layers]
        cache = clone
    if isinstance(cache, DynamicCache):
        cache.layers = [
            GrowingLayer(layer) if type(layer) is DynamicLayer else layer for layer in cache.layers
        ]
    cache.reorder_cache(rows)
    return cache
