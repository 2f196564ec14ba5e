"""Histories and examples in a device's memory -> batches cut there, by end positions; nothing waits for the device.

In torch alone: on a GPU a batch then never crosses the bus. How many positions a batch has is known on this side, from
the lengths: so no operation has to ask the device how long its result is.

Shapes: E events, X examples, B examples of a batch, N history positions of a batch.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from din.data.batch import MICROSECONDS_PER_DAY, Batch, EventSequence, Examples, JaggedHistory, Spans
from din.errors import DinError


@dataclass(frozen=True)
class DeviceHistories:
    """One group's sequence and the newest of it that each example may see, both on a device."""

    keys_E: torch.Tensor
    ts_E: torch.Tensor
    start_X: torch.Tensor
    length_X: torch.Tensor
    known_length_X: np.ndarray  # the same lengths, on this side

    @classmethod
    def of(cls, sequence: EventSequence, spans: Spans, length: int, device: torch.device) -> "DeviceHistories":
        seen = spans.newest(length)
        lengths = seen.end - seen.start
        keys_E, ts_E = to_device(sequence.keys, device), to_device(sequence.ts, device)
        return cls(keys_E, ts_E, to_device(seen.start, device), to_device(lengths, device), lengths)

    def places(self, chosen_B: torch.Tensor, positions: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The slices of the chosen examples end to end, which have so many positions together: the number of its
        example among the chosen, and its place in the sequence, both [N]."""
        start_B, length_B = self.start_X[chosen_B], self.length_X[chosen_B]
        example_B = torch.arange(len(chosen_B), device=chosen_B.device)
        example_N = torch.repeat_interleave(example_B, length_B, output_size=positions)
        shift_B = start_B - (length_B.cumsum(0) - length_B)  # from a position in the batch to one in the sequence
        return example_N, torch.arange(positions, device=chosen_B.device) + shift_B.index_select(0, example_N)

    def cut(self, chosen_B: torch.Tensor, as_of_B: torch.Tensor, positions: int) -> JaggedHistory:
        example_N, place_N = self.places(chosen_B, positions)
        age_N = (as_of_B.index_select(0, example_N) - self.ts_E.index_select(0, place_N)).double()
        return JaggedHistory(
            self.keys_E.index_select(0, place_N).long(), example_N, (age_N / MICROSECONDS_PER_DAY).float()
        )

    def refuse_what_is_not_past(self, as_of_X: torch.Tensor) -> None:
        """Raises DinError where the last event of a history is not strictly before `as_of`; a sequence is oldest first
        within a user, so no other is later. Once for all batches: asking waits for the device."""
        seen_X = self.length_X > 0
        last_X = self.ts_E[(self.start_X + self.length_X - 1)[seen_X]]
        if (last_X >= as_of_X[seen_X]).any():
            raise DinError("a history holds an event that is not strictly before its example's as_of")


class BatchLoader:
    """Batches of examples, cut on a device. Raises DinError where an event is not strictly before its `as_of`."""

    def __init__(
        self,
        examples: Examples,
        goods: EventSequence,
        shops: EventSequence,
        lengths: tuple[int, int],
        device: torch.device,
    ) -> None:
        self.device = device
        self.goods_X, self.shop_X, self.user_X, self.as_of_X = (
            to_device(array, device)
            for array in (examples.goods_keys, examples.shop_keys, examples.user_keys, examples.as_of)
        )
        self.label_X = to_device(examples.labels.astype(np.float32), device)
        self.goods = DeviceHistories.of(goods, examples.goods_spans, lengths[0], device)
        self.shops = DeviceHistories.of(shops, examples.shop_spans, lengths[1], device)
        for histories in (self.goods, self.shops):
            histories.refuse_what_is_not_past(self.as_of_X)

    def batches(self, order: np.ndarray, size: int) -> Iterator[tuple[Batch, torch.Tensor]]:
        """The examples of `order`, so many at a time, each batch with its labels. The order is sent once."""
        if not len(order):
            return
        edges = np.arange(0, len(order), size)
        positions = [np.add.reduceat(of.known_length_X[order], edges).tolist() for of in (self.goods, self.shops)]
        sent = to_device(order, self.device)
        for edge, in_goods, in_shops in zip(edges.tolist(), *positions, strict=True):
            chosen_B = sent[edge : edge + size]
            yield self.cut(chosen_B, in_goods, in_shops), self.label_X[chosen_B]

    def cut(self, chosen_B: torch.Tensor, in_goods: int, in_shops: int) -> Batch:
        as_of_B = self.as_of_X[chosen_B]
        return Batch(
            self.goods_X[chosen_B].long(),
            self.shop_X[chosen_B].long(),
            self.goods.cut(chosen_B, as_of_B, in_goods),
            self.shops.cut(chosen_B, as_of_B, in_shops),
            self.user_X[chosen_B].long(),
        )


def to_device(array: np.ndarray, device: torch.device) -> torch.Tensor:
    """On a processor the array itself, not a copy: nothing here writes to it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(np.ascontiguousarray(array)).to(device)
