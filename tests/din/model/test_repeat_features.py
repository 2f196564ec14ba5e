"""The candidate itself in the history, told to the last net."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import din
from din import EventSequence, Examples, Spans, TrainConfig, load_model, save_model
from din.data.batch import Batch, JaggedHistory
from din.model.repeat_features import repeat_buckets_by_example, repeat_buckets_by_pair
from din.training.embedding_optimizer import gather_batch_rows, mask
from tests.din.by_hand import cut_batch
from tests.din.worlds import AS_OF, DAY, SMALL, model_of, world

TOLD = replace(SMALL, repeat_features=True)
HOUR = 1 / 24
# Goods 7 twice, 30 minutes and 100 days ago, and goods 8 seven hours ago, for three candidates; nothing for the fourth.
EVENTS = [(7, 100.0), (8, 7 * HOUR), (7, 0.5 * HOUR), (0, 1.0)]


def histories(users: int) -> JaggedHistory:
    keys, ages = zip(*(event for _ in range(users) for event in EVENTS), strict=True)
    user_N = torch.arange(users).repeat_interleave(len(EVENTS))
    return JaggedHistory(torch.tensor(keys), user_N, torch.tensor(ages))


def batch_of(number: int) -> Batch:
    examples, goods, shops = world()
    return cut_batch(np.arange(number), examples, goods, shops, (100, 100))


def test_how_often_and_how_long_ago_are_told_in_steps_that_double() -> None:
    steps_B2 = repeat_buckets_by_example(torch.tensor([7, 8, 9, 7]), histories(3))

    assert steps_B2.tolist() == [[1, 6], [1, 6 + 3], [0, 0], [0, 0]]


def test_often_is_up_to_more_than_thirty_times() -> None:
    for times, step in ((1, 1), (2, 1), (3, 2), (6, 2), (7, 3), (14, 3), (15, 4), (30, 4), (31, 5), (1000, 5)):
        history = JaggedHistory(torch.full((times,), 3), torch.zeros(times, dtype=torch.int64), torch.ones(times))
        assert repeat_buckets_by_example(torch.tensor([3]), history)[0, 0] == step


def test_the_candidates_of_a_user_share_one_history() -> None:
    user_K, keys_K = torch.tensor([0, 0, 0, 2, 2]), torch.tensor([0, 7, 9, 1, 8])

    steps_K2 = repeat_buckets_by_pair(user_K, keys_K, histories(3))

    assert steps_K2.tolist() == [[0, 0], [1, 6], [0, 0], [0, 0], [1, 6 + 3]]
    assert repeat_buckets_by_pair(user_K[:0], keys_K[:0], histories(3)).tolist() == []


def test_a_goods_that_came_after_the_model_is_known_to_have_been_taken() -> None:
    model = model_of(TOLD)
    history = histories(1)._replace(keys_N=torch.tensor([500, 3, 4, 5]))
    user_B = torch.tensor([1])
    taken, other = (Batch(torch.tensor([key]), torch.tensor([2]), history, history, user_B) for key in (500, 501))

    assert not torch.isclose(model(taken), model(other))
    assert torch.equal(model_of(SMALL)(taken), model_of(SMALL)(other))


def test_steps_are_those_of_the_keys_before_they_are_numbered_anew_or_made_unknown() -> None:
    model, batch = model_of(TOLD), batch_of(40)
    told = model.told(batch)
    assert told.step_B2 is not None

    local, _ = gather_batch_rows(model, batch)
    masked = mask(told, 0.5, torch.Generator().manual_seed(1))

    assert local.step_B2 is not None
    assert torch.equal(local.step_B2, told.step_B2)
    assert torch.equal(model.told(masked).step_B2, told.step_B2)  # type: ignore[arg-type]
    assert 0 < int(told.step_B2[:, 0].count_nonzero()) < 40


def test_before_anything_is_learned_they_change_no_score() -> None:
    torch.manual_seed(1)
    without = din.DIN(SMALL, 30, 8).eval()
    torch.manual_seed(1)
    told = din.DIN(TOLD, 30, 8).eval()

    assert torch.equal(without(batch_of(40)), told(batch_of(40)))


def test_a_goods_that_is_not_in_the_history_is_scored_and_learned_from_as_without() -> None:
    examples, goods, shops = bought_again()
    others = replace(examples, goods_keys=np.roll(examples.goods_keys, 100), labels=np.tile([1, 0], 200))
    train = TrainConfig(epochs=2, batch_size=64)

    told, not_told = (din.fit(config, train, others, goods, shops, (2001, 2)) for config in (TOLD, SMALL))

    assert told.matches is not None
    assert not told.matches.of_step.any()
    assert torch.equal(told.goods.embedding.weight, not_told.goods.embedding.weight)


@pytest.mark.parametrize("pooling", ["mean", "decay", "din"])
def test_what_is_bought_again_is_found_where_all_embeddings_are_pulled_to_zero(pooling: din.Pooling) -> None:
    examples, goods, shops = bought_again()
    train = TrainConfig(epochs=4, batch_size=64, embedding_l2=1e3)
    gauc = {}
    for matches in (True, False):
        model = din.fit(
            replace(TOLD, pooling=pooling, repeat_features=matches), train, examples, goods, shops, (2001, 2)
        )
        scores = din.predict(model, examples, goods, shops)
        gauc[matches] = din.evaluate(examples.user_keys, examples.labels, scores).gauc

    assert gauc[True] > 0.99
    assert gauc[False] < 0.8


def bought_again() -> tuple[Examples, EventSequence, EventSequence]:
    """200 users with ten goods of their own each, who take one of them again and none of another's."""
    users = np.arange(200)
    own = users[:, None] * 10 + np.arange(1, 11)
    ts = np.tile(AS_OF - np.arange(10, 0, -1) * DAY, len(users))
    wanted = np.stack([own[:, 3], np.roll(own, 1, axis=0)[:, 3]], axis=1).ravel()
    start = np.repeat(users * 10, 2)
    spans = Spans(start, start + 10)
    columns = (np.repeat(users + 1, 2), wanted, np.ones(400, np.int64), np.tile([1, 0], 200), np.full(400, AS_OF))
    goods, shops = EventSequence(own.ravel().astype(np.int32), ts), EventSequence(np.ones(2000, np.int32), ts)
    return Examples(*columns, spans, spans), goods, shops


def test_a_model_that_was_saved_before_there_were_matches_has_none(tmp_path: Path) -> None:
    model_id = save_model(tmp_path, model_of(SMALL), {"ds": "2026-01-01"}, {})
    path = tmp_path / model_id / "model.json"
    record = json.loads(path.read_text())
    del record["config"]["repeat_features"]
    path.write_text(json.dumps(record))

    model = load_model(tmp_path, model_id)

    assert model.config == SMALL
    assert torch.equal(model(batch_of(40)), model_of(SMALL)(batch_of(40)))
