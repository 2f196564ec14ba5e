"""A model of yesterday, made ready for what is new today."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import din
from din import DinConfig, DinError
from din.model.tables import EMBEDDING_PARAMS, embedding_tables
from din.training.warm_start import resize_embeddings, warm_start_error
from tests.din.worlds import ALL_ROWS, CATEGORY_OF, ROWS, SMALL, model_of, world

MORE = (ROWS[0] + 3, ROWS[1] + 1)
ALL = replace(SMALL, category_embedding=True, user_embedding=True)
ALL_MORE = (*MORE, ALL_ROWS[2] + 2, ALL_ROWS[3] + 4)


@pytest.mark.parametrize(("config", "rows"), [(SMALL, MORE), (ALL, ALL_MORE)], ids=["two tables", "four tables"])
def test_growing_changes_no_score_not_even_of_a_goods_that_is_new(config: DinConfig, rows: tuple[int, ...]) -> None:
    examples, goods, shops = world()
    goods.keys[::5] = ROWS[0] + 1
    examples.goods_keys[::4] = ROWS[0] + 2
    examples.shop_keys[::3] = ROWS[1]
    model = model_of(config)

    scores = din.predict(resize_embeddings(model, rows).eval(), examples, goods, shops)

    assert np.array_equal(scores, din.predict(model, examples, goods, shops))


def test_a_row_stays_where_it_is_and_a_new_one_begins_as_the_unknown_row() -> None:
    model = model_of(ALL)

    more = resize_embeddings(model, ALL_MORE)

    for table, had, has in zip(EMBEDDING_PARAMS, ALL_ROWS, ALL_MORE, strict=True):
        before, after = (embedding_tables(of)[table] for of in (model, more))
        assert len(after) == has
        assert torch.equal(after[:had], before)
        assert all(torch.equal(row, before[0]) for row in after[had:])
    assert more.goods.categories is not None
    assert more.goods.categories.of_goods_G.tolist() == [*CATEGORY_OF, 0, 0, 0]


def test_a_model_with_more_rows_than_the_store_is_of_another_store() -> None:
    model = model_of(SMALL)

    assert warm_start_error(model, SMALL, (29, 8)) == "it has 30 rows of goods, and the store has 29"
    assert warm_start_error(model_of(ALL), ALL, (30, 8, 5, 9)) == "it has 10 rows of users, and the store has 9"
    with pytest.raises(DinError, match="a model with 30 rows of goods cannot be cut to 29"):
        resize_embeddings(model, (29, 8))


def test_a_model_of_another_shape_is_no_start_and_every_difference_is_named() -> None:
    other = replace(SMALL, embedding_dim=16, mlp_hidden_units=(16, 8))

    assert warm_start_error(model_of(SMALL), SMALL, MORE) is None
    assert warm_start_error(model_of(SMALL), ALL, MORE) == (
        "it has another shape: category_embedding was False and is True, user_embedding was False and is True"
    )
    assert warm_start_error(model_of(SMALL), other, MORE) == (
        "it has another shape: embedding_dim was 8 and is 16, mlp_hidden_units was (8,) and is (16, 8)"
    )
