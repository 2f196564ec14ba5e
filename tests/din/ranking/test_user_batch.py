"""Many users ranked at once: as one after the other."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

import din
from din import Candidates, DinConfig, DinError, HistoryWeights, Ranking, Spans
from din.data.batch import JaggedHistory
from din.kernels import numba_ops
from din.ranking import padded_pooling, ranker
from din.ranking.ranker import chunks, rank
from din.ranking.user_batch import dedup_items
from tests.din.by_hand import rank_one_by_one
from tests.din.model.test_din import EVERY, SHAPES
from tests.din.worlds import AS_OF, ROWS, model_of, world

Data = tuple[Candidates, din.EventSequence, din.EventSequence]


def crowd(users: int = 25, seed: int = 4) -> Data:
    """Users with 0 to 9 events and 1 to 12 candidates, each goods once; some goods and shops are new to the model."""
    examples, goods, shops = world(users, each=1, seed=seed)
    random = np.random.default_rng(seed)
    counts = random.integers(1, 13, users)
    wanted = np.concatenate([random.permutation(ROWS[0] + 3)[:count] for count in counts])
    return (
        Candidates(
            examples.user_keys,
            np.r_[0, counts.cumsum()],
            wanted,
            random.integers(1, ROWS[1] + 2, len(wanted)),
            Spans(examples.goods_spans.start, examples.goods_spans.end),
            Spans(examples.shop_spans.start, examples.shop_spans.end),
            AS_OF,
        ),
        goods,
        shops,
    )


@pytest.fixture(params=[(1 << 20, True), (30, True), (30, False)], ids=["in one", "in chunks", "without Numba"])
def in_chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once, with_numba = request.param
    monkeypatch.setitem(ranker.CANDIDATES_PER_CHUNK, "cpu", at_once)
    monkeypatch.setitem(padded_pooling.POSITIONS_PER_PASS, "cpu", 2 * at_once)
    if not with_numba:
        monkeypatch.setattr(numba_ops, "NUMBA_AVAILABLE", False)


def assert_alike(
    found: tuple[Ranking, HistoryWeights], plain: tuple[Ranking, HistoryWeights], within: float = 1e-5
) -> None:
    for ours, its in zip(found, plain, strict=True):
        for name in its._fields:
            one, other = getattr(ours, name), getattr(its, name)
            assert one.dtype == other.dtype
            if name in ("score", "weight", "share"):
                assert (np.abs(one - other) < within).all()
            else:
                assert one.tolist() == other.tolist(), name


@pytest.mark.parametrize("config", EVERY, ids=SHAPES)
def test_the_same_goods_rank_in_the_same_order_for_the_same_reasons(config: DinConfig, in_chunks: None) -> None:
    model, data, heard = model_of(replace(config, goods_length=7, shop_length=5)), crowd(), []

    found = rank(model, *data, k=6, why_top=3, why_history=2, on_user=heard.append)

    assert_alike(found, rank_one_by_one(model, *data, k=6, why_top=3, why_history=2))
    assert heard[-1] == len(data[0].user_keys)


@pytest.mark.parametrize("config", EVERY, ids=SHAPES)
def test_however_many_threads_rank_every_bit_is_the_same(config: DinConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ranker.CANDIDATES_PER_CHUNK, "cpu", 30)
    model, data = model_of(config), crowd()

    alone, together = (rank(model, *data, k=6, why_top=3, threads=threads) for threads in (1, 3))

    assert_alike(together, alone, within=1e-300)


def test_events_of_a_goods_in_one_step_of_time_are_attended_once() -> None:
    model = model_of(replace(EVERY[0], time_buckets=12))
    keys_N, user_N = torch.tensor([5, 5, 5, 6, 5]), torch.tensor([0, 0, 0, 0, 2])
    age_N = torch.tensor([40.0, 0.02, 0.01, 0.01, 0.01])  # days: the tenth step, and the first

    items = dedup_items(model.goods, JaggedHistory(keys_N, user_N, age_N), users=3)

    assert items.times_N.tolist() == [2, 1, 1, 1]
    assert items.first_U.tolist() == [0, 3, 3]
    assert items.count_U.tolist() == [3, 0, 1]
    assert torch.equal(items.v_ND, model.goods.embed(torch.tensor([5, 6, 5, 5])))
    of_time = model.goods.placed.of_time
    assert of_time is not None
    assert torch.equal(items.seen_ND, items.v_ND + of_time[torch.tensor([0, 0, 9, 0])])


def test_what_stops_a_ranking_stops_the_users_that_have_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ranker.CANDIDATES_PER_CHUNK, "cpu", 1)
    model, data, begun = model_of(EVERY[0]), crowd(), []
    best = ranker.UserBatch.best

    def slowly(*given: object) -> object:
        begun.append(given)
        time.sleep(0.05)
        return best(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(ranker.UserBatch, "best", slowly)

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rank(model, *data, k=3, on_user=stop, threads=2)
    assert len(begun) <= 4


def test_in_bfloat16_the_scores_are_near() -> None:
    model, data = model_of(replace(EVERY[0], attention_input="product")), crowd()
    both = [rank(model, *data, k=99, precision=precision)[0] for precision in ("fp32", "bf16")]

    plain, narrow = (ranked.score[ranked.candidate.argsort()] for ranked in both)
    assert 0 < np.abs(plain - narrow).max() < 0.02


def test_a_tie_goes_to_the_smaller_goods_key() -> None:
    model, data = model_of(EVERY[0]), crowd()
    for weight in model.top.parameters():
        weight.data.zero_()

    assert_alike(rank(model, *data, k=5), rank_one_by_one(model, *data, k=5))


def test_without_why_there_are_rows_of_none() -> None:
    _, why = rank(model_of(EVERY[0]), *crowd(), k=3)

    assert [len(column) for column in why] == [0] * 7


def broken(rank: Callable[..., object], key: int) -> str:
    model, data = model_of(EVERY[0]), crowd()
    model.goods.embedding.weight.data[key] = float("nan")
    with pytest.raises(DinError, match="a score is not a number") as error:
        rank(model, *data, k=3)
    return str(error.value)


@pytest.mark.parametrize("key", [3, 11, 20])
def test_a_score_that_is_no_number_is_refused_by_the_name_of_its_user(key: int) -> None:
    assert broken(rank, key) == broken(rank_one_by_one, key)


@pytest.mark.parametrize("config", EVERY[:5], ids=list(SHAPES)[:5])
def test_weights_of_a_history_that_are_no_numbers_are_found(config: DinConfig) -> None:
    model = model_of(config)
    model.goods.unit.first.bias.data[0] = float("nan")

    with pytest.raises(DinError, match="a score is not a number"):
        rank(model, *crowd(), k=3)


def test_a_user_with_more_candidates_than_a_chunk_holds_is_a_chunk() -> None:
    assert list(chunks(np.array([0, 4, 9, 40, 41, 51]), at_once=10)) == [
        slice(0, 2),
        slice(2, 3),
        slice(3, 4),
        slice(4, 5),
    ]


def test_users_of_like_length_go_together_while_there_is_room() -> None:
    wanted_U, items_U = np.array([10, 300, 12, 0, 200]), np.array([13, 13, 14, 5, 60])

    found = [(users.tolist(), *room) for users, *room in padded_pooling.length_buckets(wanted_U, items_U, 1 << 13)]

    assert found == [([0, 1], 300, 13), ([2], 12, 14), ([4], 200, 60)]


def test_a_model_without_layers_above_ranks_as_its_forward_pass() -> None:
    model, data = model_of(replace(EVERY[0], mlp_hidden_units=())), crowd()

    assert_alike(rank(model, *data, k=6), rank_one_by_one(model, *data, k=6))
