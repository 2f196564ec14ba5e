"""The rows that a batch names are numbered alike, whichever way is the faster for the size of the table."""

import pytest
import torch

from din.training.unique_rows import ROWS_PER_KEY, unique_rows

NAMED = torch.tensor([7, 2, 7, 0, 2])


@pytest.mark.parametrize("table_rows", [8, 8 + ROWS_PER_KEY * len(NAMED)], ids=["by marks", "by a sort"])
def test_each_row_is_named_once_in_its_order_and_each_key_finds_it(table_rows: int) -> None:
    keys_R, place_M, stands_R = unique_rows(NAMED, table_rows)

    assert (keys_R.tolist(), place_M.tolist(), stands_R) == ([0, 2, 7], [2, 1, 2, 0, 1], None)


def test_a_batch_that_names_nothing_has_no_rows() -> None:
    keys_R, place_M, _ = unique_rows(torch.zeros(0, dtype=torch.int64), 8)

    assert (keys_R.tolist(), place_M.tolist()) == ([], [])
