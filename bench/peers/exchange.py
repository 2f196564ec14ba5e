"""An exchange file -> the same padded batches for every peer. Needs numpy and torch alone.

Shapes: E events of all users end to end, X examples, G goods, B examples of a batch, T positions of a padded history.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch


class Sizes(NamedTuple):
    """Rows of the tables, the padding 0 included; the shop of each goods, int64 [G], 0 where unknown; the longest
    history, newest kept."""

    goods_rows: int
    shop_rows: int
    shop_of_G: np.ndarray
    length: int


class Padded(NamedTuple):
    """int64, but for the labels, float32. Padding is 0."""

    goods_B: torch.Tensor
    shop_B: torch.Tensor
    goods_BT: torch.Tensor
    shops_BT: torch.Tensor
    length_B: torch.Tensor
    label_B: torch.Tensor


@dataclass(frozen=True)
class Rows:
    """Examples, each of which sees the slice [start, end) of the goods of all users, oldest first."""

    goods_E: np.ndarray
    user_X: np.ndarray
    goods_X: np.ndarray
    label_X: np.ndarray
    start_X: np.ndarray
    end_X: np.ndarray

    def __len__(self) -> int:
        return len(self.label_X)

    def padded(self, chosen: np.ndarray, sizes: Sizes, pads_first: bool) -> Padded:
        """The examples in `chosen`, their histories padded to `sizes.length`."""
        end = self.end_X[chosen, None]
        length = np.minimum(end - self.start_X[chosen, None], sizes.length)
        first = end - (sizes.length if pads_first else length)
        place = first + np.arange(sizes.length)
        real = (place >= end - length) & (place < end)
        goods_BT = np.where(real, self.goods_E[np.where(real, place, 0)], 0)
        goods_B = self.goods_X[chosen]
        numbers = goods_B, sizes.shop_of_G[goods_B], goods_BT, sizes.shop_of_G[goods_BT], length[:, 0]
        return Padded(
            *(torch.from_numpy(column.astype(np.int64)) for column in numbers),
            torch.from_numpy(self.label_X[chosen].astype(np.float32)),
        )


def save_exchange(path: Path, goods_E: np.ndarray, shop_of_G: np.ndarray, shop_rows: int, **parts: Rows) -> None:
    """Writes what `load_exchange` reads; parts by name, all on the same events."""
    columns = {
        f"{name}.{column}": getattr(rows, column)
        for name, rows in parts.items()
        for column in ("user_X", "goods_X", "label_X", "start_X", "end_X")
    }
    np.savez(path, goods_E=goods_E, shop_of_G=shop_of_G, shop_rows=np.array(shop_rows), **columns)


def load_exchange(path: Path, length: int) -> tuple[Sizes, dict[str, Rows]]:
    with np.load(path) as file:
        columns = dict(file)
    sizes = Sizes(len(columns["shop_of_G"]), int(columns["shop_rows"]), columns["shop_of_G"], length)
    parts = sorted({name.split(".")[0] for name in columns if "." in name})
    named = {part: {name: column for name, column in columns.items() if name.startswith(f"{part}.")} for part in parts}
    return sizes, {
        part: Rows(columns["goods_E"], **{name.removeprefix(f"{part}."): column for name, column in found.items()})
        for part, found in named.items()
    }
