"""The category of a goods: added to it on both sides, and all that is known of a goods that nobody has touched."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import din
from din import DIN, DinError, EventSequence, Examples, Spans, TrainConfig
from din.kernels import blocked_attention
from din.model.din import AttentionGroup
from tests.din.by_hand import cut_batch
from tests.din.training.test_trainer import two_interests
from tests.din.worlds import ALL_ROWS, CATEGORY_OF, ROWS, SMALL, model_of, world

WITH = replace(SMALL, category_embedding=True)
TRAIN = TrainConfig(epochs=20, batch_size=64, embedding_l2=0.0, checkpoint_every_steps=0)
KIND_OF = np.r_[0, np.arange(28) // 7 + 1, 0]  # goods 1 to 28 of two_interests are of four kinds
Data = tuple[Examples, EventSequence, EventSequence]


def parted(data: Data) -> tuple[Data, Data]:
    """The examples without the last two goods of each kind, and those of them alone; histories as they were."""
    examples, goods, shops = data
    is_cold = (examples.goods_keys - 1) % 7 >= 5

    def of(rows: np.ndarray) -> Data:
        goods_spans, shop_spans = (
            Spans(spans.start[rows], spans.end[rows]) for spans in (examples.goods_spans, examples.shop_spans)
        )
        of_each = (examples.user_keys, examples.goods_keys, examples.shop_keys, examples.labels, examples.as_of)
        return (
            Examples(*(column[rows] for column in of_each), goods_spans=goods_spans, shop_spans=shop_spans),
            goods,
            shops,
        )

    return of(~is_cold), of(is_cold)


def auc(model: DIN, data: Data) -> float:
    return din.evaluate(data[0].user_keys, data[0].labels, din.predict(model, *data)).auc


def test_a_goods_that_nobody_was_offered_is_ranked_by_its_category() -> None:
    teach, cold = parted(two_interests())
    cold_goods = np.unique(cold[0].goods_keys)
    teach[1].keys[np.isin(teach[1].keys, cold_goods)] = (
        1 + (teach[1].keys[np.isin(teach[1].keys, cold_goods)] - 1) // 7 * 7
    )

    with_it = din.fit(WITH, TRAIN, *teach, (*ROWS, 5), category_of=KIND_OF)
    without = din.fit(SMALL, TRAIN, *teach, ROWS)

    assert auc(with_it, cold) > 0.95
    assert auc(without, cold) < 0.85  # so few goods may be like others by chance


def test_a_goods_that_came_after_the_model_is_ranked_by_its_category_once_the_model_hears_of_it() -> None:
    teach, cold = parted(two_interests())
    model = din.fit(WITH, TRAIN, *teach, (*ROWS, 5), category_of=KIND_OF)
    kind = KIND_OF[cold[0].goods_keys]
    cold[0].goods_keys[:] += 100
    of_now = np.zeros(130, np.int64)
    of_now[cold[0].goods_keys] = kind

    deaf = auc(model, cold)
    model.hear(of_now)

    assert abs(deaf - 0.5) < 0.05
    assert auc(model, cold) > 0.95


def test_what_a_goods_was_taken_for_in_training_stays_and_a_category_that_came_since_is_unknown() -> None:
    model = model_of(WITH)
    assert model.goods.categories is not None
    of_now = np.full(33, 3)
    of_now[[1, 31]] = 2, 5

    model.hear(of_now)

    assert model.goods.categories.of_goods_G.tolist() == [3, 2, *CATEGORY_OF[2:], 3, 0, 3]
    assert model.goods.categories.of(torch.tensor([1, 2, 31, 99])).tolist() == [2, 1, 0, 3]


def test_a_goods_that_nothing_was_learned_of_is_its_category() -> None:
    model = DIN(WITH, *ALL_ROWS)
    assert model.goods.categories is not None
    model.goods.categories.take(torch.from_numpy(CATEGORY_OF))

    assert torch.equal(model.goods.embed(torch.arange(30)), model.goods.categories.embedding.weight[CATEGORY_OF])


@pytest.mark.parametrize("sees", ["difference", "product"])
@pytest.mark.parametrize("goods_rows", [30, 3000], ids=["small table", "large table"])
def test_in_blocks_the_weights_and_gradients_are_those_of_the_formula(
    sees: str, goods_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocked_attention, "BLOCK_POSITIONS", 16)
    torch.manual_seed(2)
    config = replace(WITH, attention_input=sees, time_buckets=5)  # type: ignore[arg-type]
    group = AttentionGroup(config, goods_rows, 5).double().train()
    for parameter in group.parameters():
        torch.nn.init.normal_(parameter) if parameter.dim() > 1 else None
    assert group.categories is not None
    group.categories.take(torch.randint(5, (goods_rows,)))
    batch = cut_batch(np.arange(40), *world(), (100, 100))
    history = batch.goods_history._replace(age_N=batch.goods_history.age_N.double())
    learned = list(group.parameters())

    def found(in_blocks: bool) -> tuple[torch.Tensor, ...]:
        u_BD, v_ND = group.embed(batch.goods_B), group.embed(history.keys_N)
        plain = group.unit(u_BD, group.placed_in(v_ND, history), history.example_N)
        raw_N = group.attend(u_BD, v_ND, history) if in_blocks else plain
        return raw_N, *torch.autograd.grad(raw_N.square().sum(), learned)

    torch.testing.assert_close(found(in_blocks=True), found(in_blocks=False))


def test_categories_that_are_missing_too_few_or_too_many_are_refused() -> None:
    data, rows = world(), (*ROWS, 3)
    for category_of, said in (
        (None, "category_of is missing"),
        (np.ones(29, np.int64), "29 categories of goods for 30 goods rows"),
        (np.full(30, 3), "category keys are 3 to 3; they must be at least 0 and below 3"),
    ):
        with pytest.raises(DinError, match=said):
            din.fit(WITH, TRAIN, *data, rows, category_of=category_of)
