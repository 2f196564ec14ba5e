"""Goods, shops, categories and users: each table learns by its own rows, its own counts, its own unknown row."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from din import DinConfig, TrainConfig
from din.data.batch import Batch
from din.model.tables import EMBEDDING_PARAMS, embedding_tables
from din.training.embedding_optimizer import gather_batch_rows, key_counts, mask
from din.training.trainer import Trainer
from tests.din.by_hand import cut_batch
from tests.din.worlds import ALL_ROWS, CATEGORY_OF, SMALL, model_of, world

ALL = replace(SMALL, category_embedding=True, user_embedding=True)
TRAIN = TrainConfig(batch_size=16, weight_decay=0.0, embedding_l2=0.1)


def some(rows: np.ndarray) -> tuple[Batch, torch.Tensor]:
    """The batch of some examples of the world, and their labels."""
    data = world()
    return cut_batch(rows, *data, (100, 100)), torch.from_numpy(data[0].labels[rows].astype(np.float32))


def trainer(config: DinConfig = ALL, train: TrainConfig = TRAIN) -> Trainer:
    counts = key_counts(*world(), ALL_ROWS, CATEGORY_OF)
    return Trainer(config, train, ALL_ROWS, counts, steps=100, category_of=CATEGORY_OF)


def test_a_model_has_the_tables_that_its_settings_ask_for() -> None:
    for config, tables in (
        (SMALL, ["goods", "shops"]),
        (replace(SMALL, category_embedding=True), ["goods", "shops", "categories"]),
        (replace(SMALL, user_embedding=True), ["goods", "shops", "users"]),
        (ALL, list(EMBEDDING_PARAMS)),
    ):
        assert list(embedding_tables(model_of(config))) == tables


def test_without_categories_and_users_a_model_is_what_it_was() -> None:
    names = [name for name in model_of(SMALL).state_dict() if "unit" not in name and "top" not in name]

    assert names == ["goods.embedding.weight", "shops.embedding.weight"]
    total = sum(weight.double().sum().item() for weight in model_of(SMALL).state_dict().values())
    assert total == pytest.approx(33.9297, abs=1e-3)  # as it was before there were more tables


def test_a_step_changes_the_rows_of_each_table_that_the_batch_names_and_no_others() -> None:
    (batch, labels_B), before, after = some(np.arange(3)), trainer(), trainer()
    goods = {*batch.goods_B.tolist(), *batch.goods_history.keys_N.tolist()}
    named = {
        "goods": goods,
        "shops": {*batch.shop_B.tolist(), *batch.shop_history.keys_N.tolist()},
        "categories": {int(CATEGORY_OF[key]) for key in goods},
        "users": {*batch.user_B.tolist()},
    }

    after.step(batch, labels_B)
    after.step(batch, labels_B)  # users begin at zero, as does what they tell the net: the first step moves one alone

    for table, weight in embedding_tables(after.model).items():
        changed = (weight != embedding_tables(before.model)[table]).any(dim=1)
        assert set(torch.nonzero(changed).flatten().tolist()) == named[table], table


def test_the_loss_and_its_gradients_over_the_named_rows_are_those_over_the_whole_tables() -> None:
    model = model_of(replace(ALL, attention_input="product")).double()
    batch, labels_B = some(np.arange(20))
    functional.binary_cross_entropy_with_logits(model(batch), labels_B.double()).backward()

    local, found = gather_batch_rows(model, batch)
    tables = {EMBEDDING_PARAMS[table]: of_table.values_RD for table, of_table in found.items()}
    logits = torch.func.functional_call(model, tables, (local,))
    loss = functional.binary_cross_entropy_with_logits(logits, labels_B.double())
    gradients = torch.autograd.grad(loss, list(tables.values()))

    assert list(found) == list(EMBEDDING_PARAMS)
    for table, gradient_RD in zip(found, gradients, strict=True):
        whole = embedding_tables(model)[table].grad
        assert whole is not None
        assert torch.allclose(whole[found[table].keys_R], gradient_RD, atol=1e-12)
        assert whole.abs().sum() == pytest.approx(gradient_RD.abs().sum().item())


def test_categories_are_counted_with_their_goods_and_users_with_their_examples() -> None:
    examples, goods, shops = world()

    counts = key_counts(examples, goods, shops, ALL_ROWS, CATEGORY_OF)

    by_goods = [int(counts["goods"][category == CATEGORY_OF].sum()) for category in range(5)]
    assert counts["categories"].tolist() == by_goods
    assert counts["users"].tolist() == [3 * 6, *[6] * 9]  # users 10 to 12 came later
    pull = trainer().table_optimizer.pull
    assert torch.allclose(pull["categories"].flatten(), torch.tensor([0.1 / max(named, 1) for named in by_goods]))
    assert torch.allclose(pull["users"].flatten(), torch.tensor([0.1 / 18, *[0.1 / 6] * 9]))


def test_a_goods_its_category_and_the_user_are_each_made_unknown_on_their_own() -> None:
    batch = model_of(ALL).told(some(np.arange(60))[0])
    masked = mask(batch, 0.5, torch.Generator().manual_seed(1))

    assert masked.category_B is not None
    pairs = {*zip((masked.goods_B > 0).tolist(), (masked.category_B > 0).tolist(), strict=True)}
    assert pairs == {(False, False), (False, True), (True, False), (True, True)}
    assert 0.3 < (masked.user_B == 0).float().mean() < 0.7


def test_what_is_masked_does_not_depend_on_which_tables_there_are() -> None:
    batch = some(np.arange(20))[0]

    few, all_of_them = (mask(of, 0.5, torch.Generator().manual_seed(1)) for of in (batch, model_of(ALL).told(batch)))

    assert torch.equal(few.goods_B, all_of_them.goods_B)
    assert torch.equal(few.shop_history.keys_N, all_of_them.shop_history.keys_N)
