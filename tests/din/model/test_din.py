"""What the model promises, as properties."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import din
from din import DIN, DinConfig, DinError, EventSequence, Examples, Spans, TrainConfig
from din.config import AttentionInput
from din.data.batch import Batch, JaggedHistory
from din.data.loader import DeviceHistories
from din.model.din import ActivationUnit, Dice
from din.model.time_position import log2_bucket, positions_from_end
from din.ranking.padded_pooling import PairwiseAttention
from tests.din.by_hand import cut_batch
from tests.din.worlds import AS_OF, DAY, SMALL, model_of, world

SHAPES = {
    "din": {},
    "softmax": {"attention_normalization": "softmax"},
    "prelu": {"activation": "prelu"},
    "relu": {"activation": "relu"},
    "product": {"attention_input": "product"},
    "outer": {"attention_input": "outer"},
    "as it comes": {
        "attention_input": "product",
        "attention_normalization": "softmax",
        "time_buckets": 12,
        "repeat_features": True,
    },
    "matches": {"repeat_features": True},
    "placed": {"attention_input": "product", "time_buckets": 12, "position_buckets": 4},
    "categories": {"category_embedding": True},
    "users": {"user_embedding": True},
    "all": {
        "attention_input": "product",
        "time_buckets": 12,
        "repeat_features": True,
        "category_embedding": True,
        "user_embedding": True,
    },
    "mean": {"pooling": "mean"},
    "mean of all": {"pooling": "mean", "repeat_features": True, "category_embedding": True, "user_embedding": True},
    "decay": {"pooling": "decay"},
}
EVERY = [replace(SMALL, **changed) for changed in SHAPES.values()]


def logits(model: DIN, examples: Examples, goods: EventSequence, shops: EventSequence, rows: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return model(cut_batch(rows, examples, goods, shops, (100, 100))).numpy()


@pytest.mark.parametrize("config", EVERY, ids=SHAPES)
def test_a_score_does_not_depend_on_what_else_is_in_the_batch(config: DinConfig) -> None:
    data, model = world(), model_of(config)
    everyone = np.arange(len(data[0]))

    together = logits(model, *data, everyone)
    alone = np.concatenate([logits(model, *data, everyone[i : i + 1]) for i in everyone])
    backwards = logits(model, *data, everyone[::-1])[::-1]

    assert np.abs(together - alone).max() < 1e-5
    assert np.abs(together - backwards).max() < 1e-5


@pytest.mark.parametrize("config", EVERY, ids=SHAPES)
def test_ranking_gives_the_scores_of_the_plain_forward_pass(config: DinConfig) -> None:
    examples, goods, shops = world()
    model = model_of(replace(config, goods_length=5, shop_length=3))
    plain = din.predict(model, examples, goods, shops)
    users, first = np.unique(examples.user_keys, return_index=True)
    candidates = din.Candidates(
        users,
        np.r_[first, len(examples)],
        examples.goods_keys,
        examples.shop_keys,
        Spans(examples.goods_spans.start[first], examples.goods_spans.end[first]),
        Spans(examples.shop_spans.start[first], examples.shop_spans.end[first]),
        AS_OF,
    )

    ranked, _ = din.rank(model, candidates, goods, shops, k=6)

    assert len(ranked.score) == len(examples)
    assert np.abs(plain[ranked.candidate] - ranked.score).max() < 1e-6
    for user in users:
        scores = ranked.score[ranked.user_keys == user]
        assert (np.diff(scores) <= 0).all()


@pytest.mark.parametrize("sees", ["difference", "product", "outer"])
def test_the_first_layer_in_parts_is_the_layer_over_the_concatenation(
    sees: AttentionInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    unit = ActivationUnit(replace(SMALL, attention_input=sees)).double().eval()
    u_BD, v_ND, example_N = torch.randn(3, 8).double(), torch.randn(7, 8).double(), torch.tensor([0, 0, 0, 1, 1, 2, 2])
    u_ND = u_BD[example_N]
    common = {
        "difference": u_ND[:, :0],
        "product": u_ND * v_ND,
        "outer": (u_ND[:, :, None] * v_ND[:, None, :]).flatten(1),
    }

    whole_N = unit.weigh(unit.first(torch.cat([u_ND, v_ND, u_ND - v_ND, common[sees]], dim=1)))

    assert torch.allclose(unit(u_BD, v_ND, example_N), whole_N, atol=1e-12)
    every_pair = PairwiseAttention(unit)
    for in_blocks in (True, False):
        monkeypatch.setattr("din.device.on_processor", lambda _, answer=in_blocks: answer)
        with torch.inference_mode():
            every_NK = every_pair(u_BD[None], v_ND[None], every_pair.of_item(v_ND)[None])[0]
        assert torch.allclose(every_NK[torch.arange(7), example_N], whole_N, atol=1e-12)


def test_gradients_are_those_of_the_formula() -> None:
    torch.manual_seed(0)
    example_N = torch.tensor([0, 0, 1, 1, 1])
    for config in EVERY[:5]:
        unit = ActivationUnit(config).double()
        inputs = (torch.randn(2, 8).double().requires_grad_(), torch.randn(5, 8).double().requires_grad_())
        assert torch.autograd.gradcheck(lambda u, v, unit=unit: unit(u, v, example_N), inputs)


def test_time_and_place_are_told_in_steps_that_double() -> None:
    assert log2_bucket(torch.tensor([0.0, 0.9, 1.0, 2.9, 3.0, 1e9]), 4).tolist() == [0, 0, 1, 1, 2, 3]
    assert positions_from_end(torch.tensor([0, 0, 0, 2, 2])).tolist() == [2, 1, 0, 1, 0]


def test_what_was_long_ago_may_weigh_less_and_is_pooled_as_it_is() -> None:
    group = model_of(replace(SMALL, time_buckets=10)).goods
    assert group.placed.of_time is not None
    torch.nn.init.normal_(group.placed.of_time)
    history = JaggedHistory(torch.tensor([1, 1]), torch.tensor([0, 1]), torch.tensor([0.01, 300.0]))
    candidate = torch.tensor([5, 5])

    _, pooled_BD = group(candidate, history)
    weights_N = group.weights(group.embed(candidate), group.embed(history.keys_N), history)

    assert weights_N[0] != weights_N[1]
    assert torch.allclose(pooled_BD, weights_N[:, None] * group.embed(torch.tensor([1])))


def test_a_half_life_that_is_given_stays() -> None:
    data = world()
    for learned in (True, False):
        config = replace(SMALL, pooling="decay", half_life_days=30.0, learn_half_life=learned)
        model = din.fit(config, TrainConfig(epochs=2, batch_size=16), *data, (30, 8))
        assert (abs(model.goods.log_half_life.exp().item() - 30.0) > 1e-3) is learned


@pytest.mark.parametrize("config", EVERY, ids=SHAPES)
def test_an_empty_history_pools_to_exactly_zero(config: DinConfig) -> None:
    nothing = JaggedHistory(*(torch.zeros(0, dtype=kind) for kind in (torch.int64, torch.int64, torch.float32)))

    _, pooled_BD = model_of(config).goods(torch.tensor([3, 4]), nothing)

    assert torch.equal(pooled_BD, torch.zeros(2, 8))


def test_goods_attend_to_goods_and_shops_to_shops() -> None:
    examples, goods, shops = world()
    model = model_of(SMALL)
    rows = np.arange(len(examples))
    batch = cut_batch(rows, examples, goods, shops, (100, 100))
    other_shops = batch.shop_history._replace(keys_N=batch.shop_history.keys_N % 7 + 1)
    other_shop = batch._replace(shop_B=batch.shop_B % 7 + 1, shop_history=other_shops)

    before = model.goods.weights(*embedded(model, batch))
    after = model.goods.weights(*embedded(model, other_shop))

    assert torch.equal(before, after)
    assert not torch.allclose(model(batch), model(other_shop))


def embedded(model: DIN, batch: Batch) -> tuple[torch.Tensor, torch.Tensor, JaggedHistory]:
    return model.goods.embed(batch.goods_B), model.goods.embed(batch.goods_history.keys_N), batch.goods_history


def test_mean_pooling_is_the_average_and_decay_halves_with_the_half_life() -> None:
    history = JaggedHistory(torch.tensor([1, 2]), torch.tensor([0, 0]), torch.tensor([0.0, 30.0]))
    for pooling, weights in (("mean", [1 / 2, 1 / 2]), ("decay", [2 / 3, 1 / 3])):
        model = model_of(replace(SMALL, pooling=pooling, half_life_days=30.0))
        v_ND = model.goods.embed(history.keys_N)
        _, pooled_BD = model.goods(torch.tensor([5]), history)
        assert torch.allclose(pooled_BD[0], weights[0] * v_ND[0] + weights[1] * v_ND[1])


def test_softmax_weights_sum_to_one_and_plain_ones_do_not() -> None:
    history = JaggedHistory(torch.tensor([1, 2, 3]), torch.tensor([0, 0, 1]), torch.tensor([1.0, 2.0, 3.0]))
    candidate = torch.tensor([5, 6])
    for normalize, sums_to_one in (("softmax", True), ("none", False)):
        group = model_of(replace(SMALL, attention_normalization=normalize)).goods
        weights_N = group.weights(group.embed(candidate), group.embed(history.keys_N), history)
        sums = torch.zeros(2).index_add(0, history.example_N, weights_N)
        assert torch.allclose(sums, torch.ones(2)) is sums_to_one


def test_dice_is_equation_three_over_the_rows_of_the_batch() -> None:
    dice, s_NH = Dice(2), torch.tensor([[1.0, -2.0], [3.0, 0.0], [5.0, 8.0]])

    p_NH = 1 / (1 + torch.exp(-(s_NH - s_NH.mean(0)) / torch.sqrt(s_NH.var(0, unbiased=False) + 1e-8)))

    assert torch.allclose(dice(s_NH), p_NH * s_NH + (1 - p_NH) * 0.25 * s_NH, atol=1e-6)


def test_dice_uses_running_statistics_outside_training_and_for_a_single_row() -> None:
    dice, s_NH = Dice(2), torch.tensor([[2.0, -2.0]])
    expected = s_NH * (0.25 + 0.75 * torch.sigmoid(s_NH))

    assert torch.allclose(dice(s_NH), expected, atol=1e-6)
    assert torch.allclose(dice.eval()(s_NH.repeat(3, 1)), expected.repeat(3, 1), atol=1e-6)


def test_only_the_newest_of_a_long_history_count() -> None:
    sequence = EventSequence(np.arange(1, 7, dtype=np.int32), np.arange(6) * DAY)
    histories = DeviceHistories.of(sequence, Spans(np.array([0, 2]), np.array([5, 3])), 3, torch.device("cpu"))

    history = histories.cut(torch.arange(2), torch.tensor([6 * DAY, 4 * DAY]), positions=4)

    assert history.keys_N.tolist() == [3, 4, 5, 3]
    assert history.example_N.tolist() == [0, 0, 0, 1]
    assert history.age_N.tolist() == [4.0, 3.0, 2.0, 2.0]


def test_an_event_that_is_not_past_is_refused() -> None:
    sequence = EventSequence(np.array([1], np.int32), np.array([DAY]))

    with pytest.raises(DinError, match="not strictly before"):
        DeviceHistories.of(
            sequence, Spans(np.array([0]), np.array([1])), 1, torch.device("cpu")
        ).refuse_what_is_not_past(torch.tensor([DAY]))


@pytest.mark.parametrize("pooling", ["mean", "decay", "din"])
def test_ten_examples_can_be_memorised(pooling: din.Pooling) -> None:
    examples, goods, shops = world(users=10, each=1, seed=3)
    model = din.fit(
        replace(SMALL, pooling=pooling), TrainConfig(epochs=150, batch_size=10), examples, goods, shops, (30, 8)
    )

    scores = din.predict(model, examples, goods, shops)

    assert (scores.round() == examples.labels).all()


def test_the_same_seed_gives_the_same_weights_and_another_gives_others() -> None:
    data = world()
    trained = [din.fit(SMALL, TrainConfig(epochs=2, batch_size=16, seed=seed), *data, (30, 8)) for seed in (1, 1, 2)]
    first, again, other = ([*model.state_dict().values()] for model in trained)

    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


def test_a_goods_that_came_after_the_model_takes_the_unknown_row() -> None:
    group = model_of(SMALL).goods

    assert torch.equal(group.embed(torch.tensor([29, 30, 1000])), group.embed(torch.tensor([29, 0, 0])))


def test_training_on_one_label_only_is_refused() -> None:
    examples, goods, shops = world()
    examples = replace(examples, labels=np.ones(len(examples), np.int64))

    with pytest.raises(DinError, match="needs positives and negatives"):
        din.fit(SMALL, TrainConfig(), examples, goods, shops, (30, 8))


def test_a_loss_that_is_no_number_stops_training_and_names_the_step() -> None:
    data = world()

    with pytest.raises(DinError, match=r"the loss became nan at step \d+ of"):
        din.fit(SMALL, TrainConfig(epochs=50, learning_rate=1e30), *data, (30, 8))


def test_columns_of_unlike_length_are_refused() -> None:
    examples, _, _ = world()

    with pytest.raises(DinError, match="every column needs the same length"):
        replace(examples, labels=examples.labels[:-1])
