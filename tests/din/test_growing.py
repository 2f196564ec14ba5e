"""A model of yesterday, made ready for what is new today."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import din
from din import DinError
from din.growing import grown, why_not_start
from tests.din.worlds import ROWS, SMALL, model_of, world

MORE = (ROWS[0] + 3, ROWS[1] + 1)


def test_growing_changes_no_score_not_even_of_a_goods_that_is_new() -> None:
    examples, goods, shops = world()
    goods.keys[::5] = ROWS[0] + 1
    examples.goods_keys[::4] = ROWS[0] + 2
    examples.shop_keys[::3] = ROWS[1]
    model = model_of(SMALL)

    scores = din.predict(grown(model, MORE).eval(), examples, goods, shops)

    assert np.array_equal(scores, din.predict(model, examples, goods, shops))


def test_a_row_stays_where_it_is_and_a_new_one_begins_as_the_unknown_row() -> None:
    model = model_of(SMALL)

    more = grown(model, MORE)

    for group, had, has in (("goods", *(ROWS[0], MORE[0])), ("shops", *(ROWS[1], MORE[1]))):
        before, after = (of.get_submodule(group).get_parameter("embedding.weight") for of in (model, more))
        assert len(after) == has
        assert torch.equal(after[:had], before)
        assert all(torch.equal(row, before[0]) for row in after[had:])


def test_a_model_with_more_rows_than_the_store_is_of_another_store() -> None:
    model = model_of(SMALL)

    assert why_not_start(model, SMALL, (29, 8)) == "it has 30 rows of goods, and the store has 29"
    with pytest.raises(DinError, match="a model with 30 rows of goods cannot be cut to 29"):
        grown(model, (29, 8))


def test_a_model_of_another_shape_is_no_start_and_every_difference_is_named() -> None:
    other = replace(SMALL, dimension=16, top_widths=(16, 8))

    assert why_not_start(model_of(SMALL), SMALL, MORE) is None
    assert why_not_start(model_of(SMALL), other, MORE) == (
        "it has another shape: dimension was 8 and is 16, top_widths was (8,) and is (16, 8)"
    )
