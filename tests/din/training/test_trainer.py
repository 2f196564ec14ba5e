"""What training promises: only what a batch names changes, and the best epoch is kept."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from torch.nn import functional

import din
from din import DIN, BestEpoch, DinConfig, DinError, EventSequence, Examples, Spans, TrainConfig
from din.training.embedding_optimizer import gather_batch_rows, key_counts, mask
from din.training.trainer import Trainer
from tests.din.by_hand import cut_batch
from tests.din.worlds import ALL_ROWS, AS_OF, CATEGORY_OF, DAY, ROWS, SMALL, model_of, world

TRAIN = TrainConfig(epochs=3, batch_size=16, weight_decay=0.0, embedding_l2=0.0)
MORE = (ROWS[0] + 2, ROWS[1] + 1)  # goods and a shop that no example names
Data = tuple[Examples, EventSequence, EventSequence]


def one_step(train: TrainConfig, data: Data, rows: np.ndarray) -> tuple[DIN, DIN]:
    """A model before and after it learned from some examples."""
    before = Trainer(SMALL, train, ROWS, key_counts(*data, ROWS), steps=100)
    trainer = Trainer(SMALL, train, ROWS, key_counts(*data, ROWS), steps=100)
    labels_B = torch.from_numpy(data[0].labels[rows].astype(np.float32))
    trainer.step(cut_batch(rows, *data, (100, 100)), labels_B)
    return before.model, trainer.model


def test_a_step_changes_the_rows_that_the_batch_names_and_no_others() -> None:
    data, rows = world(), np.arange(3)
    batch = cut_batch(rows, *data, (100, 100))
    named = {*batch.goods_B.tolist(), *batch.goods_history.keys_N.tolist()}

    before, after = one_step(replace(TRAIN, embedding_l2=0.1), data, rows)

    changed = (before.goods.embedding.weight != after.goods.embedding.weight).any(dim=1)
    assert set(torch.nonzero(changed).flatten().tolist()) == named
    assert 0 < len(named) < ROWS[0]


def test_the_loss_and_its_gradients_over_the_named_rows_are_those_over_the_whole_tables() -> None:
    examples, goods, shops = world()
    model, rows = model_of(SMALL).double(), np.arange(20)
    batch = cut_batch(rows, examples, goods, shops, (100, 100))
    labels_B = torch.from_numpy(examples.labels[rows].astype(np.float64))
    functional.binary_cross_entropy_with_logits(model(batch), labels_B).backward()

    local, found = gather_batch_rows(model, batch)
    tables = {f"{table}.embedding.weight": of_table.values_RD for table, of_table in found.items()}
    loss = functional.binary_cross_entropy_with_logits(torch.func.functional_call(model, tables, (local,)), labels_B)
    gradients = torch.autograd.grad(loss, [of_table.values_RD for of_table in found.values()])

    for table, gradient_RD in zip(found, gradients, strict=True):
        whole = model.get_submodule(table).get_parameter("embedding.weight").grad
        assert whole is not None
        assert torch.allclose(whole[found[table].keys_R], gradient_RD, atol=1e-12)
        assert whole.abs().sum() == pytest.approx(gradient_RD.abs().sum().item())


def test_where_every_batch_names_every_row_the_tables_learn_as_by_adam() -> None:
    data = world(users=40)
    rows = np.arange(len(data[0]))
    labels_B = torch.from_numpy(data[0].labels.astype(np.float32))
    trainer = Trainer(SMALL, TRAIN, ROWS, key_counts(*data, ROWS), steps=10)
    whole = Trainer(SMALL, TRAIN, ROWS, key_counts(*data, ROWS), steps=10).model
    adam = torch.optim.Adam(whole.parameters(), lr=TRAIN.learning_rate)
    for step in range(3):
        trainer.step(cut_batch(rows, *data, (100, 100)), labels_B)
        adam.param_groups[0]["lr"] = TRAIN.learning_rate * (1 - step / 10)
        adam.zero_grad()
        functional.binary_cross_entropy_with_logits(whole(cut_batch(rows, *data, (100, 100))), labels_B).backward()
        adam.step()

    named = slice(1, None)  # row 0 is nobody's here
    assert torch.allclose(trainer.model.goods.embedding.weight[named], whole.goods.embedding.weight[named], atol=1e-4)
    assert torch.allclose(trainer.model.shops.embedding.weight[named], whole.shops.embedding.weight[named], atol=1e-4)


def test_how_often_the_examples_name_a_row_is_counted_in_histories_and_candidates() -> None:
    examples, goods, shops = world()

    counts = key_counts(examples, goods, shops, ROWS)

    naive = np.zeros(ROWS[0], int)
    for row in range(len(examples)):
        for key in goods.keys[examples.goods_spans.start[row] : examples.goods_spans.end[row]]:
            naive[key] += 1
        naive[examples.goods_keys[row]] += 1
    assert counts["goods"].tolist() == naive.tolist()
    assert counts["shops"].sum() == naive.sum()


def test_a_row_is_pulled_towards_zero_the_harder_the_rarer_it_is() -> None:
    data, rows = world(), np.arange(len(world()[0]))
    counts = key_counts(*data, ROWS)["goods"]
    trainer = Trainer(SMALL, replace(TRAIN, embedding_l2=0.5), ROWS, key_counts(*data, ROWS), steps=10)

    pull = trainer.table_optimizer.pull["goods"].flatten()

    assert torch.allclose(pull, 0.5 / torch.from_numpy(np.maximum(counts, 1)).float())
    _, free = one_step(TRAIN, data, rows)
    _, pulled = one_step(replace(TRAIN, embedding_l2=1e6), data, rows)
    assert pulled.goods.embedding.weight[1:].norm() < free.goods.embedding.weight[1:].norm()


def test_a_share_of_the_keys_is_made_unknown_so_that_the_unknown_row_learns() -> None:
    data, rows = world(), np.arange(len(world()[0]))
    batch = cut_batch(rows, *data, (100, 100))

    masked = mask(batch, 0.5, torch.Generator().manual_seed(1))

    known = (batch.goods_history.keys_N == masked.goods_history.keys_N).float().mean()
    assert 0.3 < known < 0.7
    assert not masked.goods_history.keys_N[batch.goods_history.keys_N != masked.goods_history.keys_N].any()
    for share, learns in ((0.0, False), (0.3, True)):
        before, after = one_step(replace(TRAIN, oov_mask_rate=share), data, rows)
        assert torch.equal(before.goods.embedding.weight[0], after.goods.embedding.weight[0]) is not learns


def test_the_weights_of_the_epoch_that_ranks_best_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    data = world()
    ranks = iter([0.6, 0.7, 0.65, 0.9])
    monkeypatch.setattr("din.training.trainer.validation_gauc", lambda *_: next(ranks))

    stopped = din.fit(SMALL, replace(TRAIN, epochs=4), *data, ROWS, valid=data[0])

    two = iter([0.6, 0.7])
    monkeypatch.setattr("din.training.trainer.validation_gauc", lambda *_: next(two, 0.0))
    steps = []
    again = din.fit(SMALL, replace(TRAIN, epochs=4), *data, ROWS, lambda *step: steps.append(step), valid=data[0])
    assert same(stopped, again)
    assert len(steps) == 3 * 5  # the third epoch ranked worse than the second; the fourth was not begun
    assert next(ranks) == 0.9


def same(one: DIN, other: DIN) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


class Killed(Exception):
    """A training that is killed."""


@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
@pytest.mark.parametrize("at", [1, 4, 5, 6, 11])
@pytest.mark.parametrize(
    "config", [SMALL, replace(SMALL, category_embedding=True, user_embedding=True)], ids=["two tables", "four"]
)
def test_a_training_that_was_killed_goes_on_to_the_weights_of_one_that_was_not(
    tmp_path: Path, config: DinConfig, at: int, warm: bool
) -> None:
    more, category_of = (*MORE, *ALL_ROWS[2:]), np.r_[CATEGORY_OF, 1, 0]
    data, file = world(), tmp_path / "under_way.safetensors"
    train = replace(TRAIN, checkpoint_every_steps=2, oov_mask_rate=0.2, embedding_l2=0.01, weight_decay=1e-3)
    start = din.fit(config, train, *data, ALL_ROWS, category_of=CATEGORY_OF) if warm else None
    whole_best, again_best = BestEpoch(), BestEpoch()
    given = {"valid": data[0], "start": start, "category_of": category_of}
    whole = din.fit(config, train, *data, more, best=whole_best, **given)

    def kill(done: int, _total: int, _loss: float) -> None:
        if done == at:
            raise Killed

    with pytest.raises(Killed):
        din.fit(config, train, *data, more, kill, under_way=file, **given)
    steps: list[int] = []
    tell = lambda done, *_: steps.append(done)  # noqa: E731
    again = din.fit(config, train, *data, more, tell, under_way=file, best=again_best, **given)

    assert same(whole, again)
    assert steps[0] == at - at % 2 + 1
    assert (again_best.epoch, again_best.gauc) == (whole_best.epoch, whole_best.gauc)
    assert again_best.course == whole_best.course
    assert not file.exists()


def test_what_another_training_left_is_of_no_use_and_neither_is_what_is_damaged(tmp_path: Path) -> None:
    data, file = world(), tmp_path / "under_way.safetensors"
    train = replace(TRAIN, checkpoint_every_steps=2)
    begun: dict[str, DIN | None] = {"nothing": None, "one": model_of(SMALL, seed=1), "other": model_of(SMALL, seed=2)}

    def kill(done: int, _total: int, _loss: float) -> None:
        if done == 3:
            raise Killed

    for left, asked, start, taken_up in (
        (train, replace(train, seed=18), ("nothing", "nothing"), False),
        (train, train, ("nothing", "one"), False),
        (train, train, ("one", "other"), False),
        (train, train, ("one", "one"), True),
    ):
        with pytest.raises(Killed):
            din.fit(SMALL, left, *data, ROWS, kill, None, file, begun[start[0]])
        steps: list[int] = []
        tell = lambda done, *_, steps=steps: steps.append(done)  # noqa: E731
        din.fit(SMALL, asked, *data, ROWS, tell, None, file, begun[start[1]])
        assert (steps[0] != 1) is taken_up
    with pytest.raises(Killed):
        din.fit(SMALL, train, *data, ROWS, kill, None, file)
    file.write_bytes(file.read_bytes()[:100])
    steps = []
    din.fit(SMALL, train, *data, ROWS, lambda done, *_: steps.append(done), None, file)
    assert steps[0] == 1


def test_what_a_training_left_is_of_no_use_where_goods_are_of_other_categories(tmp_path: Path) -> None:
    data, file = world(), tmp_path / "under_way.safetensors"
    config, train = replace(SMALL, category_embedding=True), replace(TRAIN, checkpoint_every_steps=2)

    def kill(done: int, _total: int, _loss: float) -> None:
        if done == 3:
            raise Killed

    for category_of, first_step in ((CATEGORY_OF, 3), (CATEGORY_OF[::-1].copy(), 1)):
        with pytest.raises(Killed):
            din.fit(config, train, *data, ALL_ROWS, kill, under_way=file, category_of=CATEGORY_OF)
        steps: list[int] = []
        tell = lambda done, *_, steps=steps: steps.append(done)  # noqa: E731
        din.fit(config, train, *data, ALL_ROWS, tell, under_way=file, category_of=category_of)
        assert steps[0] == first_step


def test_the_same_seed_and_the_same_start_give_the_same_weights_and_leave_the_start_as_it_is() -> None:
    data, start = world(), model_of(SMALL)
    before = {name: tensor.clone() for name, tensor in start.state_dict().items()}

    one, two = (din.fit(SMALL, TRAIN, *data, MORE, start=start) for _ in range(2))
    other = din.fit(SMALL, TRAIN, *data, MORE, start=model_of(SMALL, seed=2))

    assert same(one, two)
    assert not same(one, other)
    assert all(torch.equal(before[name], tensor) for name, tensor in start.state_dict().items())


def test_a_warm_training_learns_from_where_its_start_stood() -> None:
    data = world()
    start = din.fit(SMALL, replace(TRAIN, epochs=20), *data, ROWS)

    losses: dict[str, list[float]] = {"cold": [], "warm": []}
    for name, begins in (("cold", None), ("warm", start)):
        tell = lambda _done, _total, loss, name=name: losses[name].append(loss)  # noqa: E731
        din.fit(SMALL, replace(TRAIN, epochs=1), *data, ROWS, tell, start=begins)

    assert max(losses["warm"]) < min(losses["cold"])


def test_a_start_of_another_shape_is_refused() -> None:
    with pytest.raises(
        DinError, match="cannot start from that model: it has another shape: embedding_dim was 8 and is 4"
    ):
        din.fit(replace(SMALL, embedding_dim=4), TRAIN, *world(), ROWS, start=model_of(SMALL))


def two_interests(users: int = 300) -> tuple[Examples, EventSequence, EventSequence]:
    """Goods 1 to 28 are of four kinds, seven each. Each user has touched eight goods of two kinds, in no order, and
    takes what is of one of them: of four goods offered, one of each kind, two."""
    random = np.random.default_rng(5)
    kinds = np.array([random.permutation(4) for _ in range(users)])
    touched = kinds[np.arange(users)[:, None], random.integers(0, 2, (users, 8))] * 7 + random.integers(
        1, 8, (users, 8)
    )
    goods = EventSequence(touched.ravel().astype(np.int32), np.tile(AS_OF - np.arange(8, 0, -1) * DAY, users))
    span = Spans(np.repeat(np.arange(users) * 8, 4), np.repeat(np.arange(users) * 8 + 8, 4))
    offered = kinds.ravel() * 7 + random.integers(1, 8, users * 4)
    nothing = Spans(np.zeros(users * 4, np.int64), np.zeros(users * 4, np.int64))
    user = np.repeat(np.arange(users), 4)
    labels = np.tile([1, 1, 0, 0], users)
    examples = Examples(user, offered, np.zeros_like(user), labels, np.full(len(user), AS_OF), span, nothing)
    return examples, goods, EventSequence(np.zeros(0, np.int32), np.zeros(0, np.int64))


@pytest.mark.parametrize(("normalize", "share"), [("none", 0.7), ("softmax", 0.9)])
def test_a_planted_interest_is_found(normalize: Literal["none", "softmax"], share: float) -> None:
    data = two_interests()
    train = TrainConfig(epochs=20, batch_size=64, embedding_l2=0.0, checkpoint_every_steps=0)

    model = din.fit(replace(SMALL, attention_normalization=normalize), train, *data, ROWS)

    examples = data[0]
    auc = din.evaluate(examples.user_keys, examples.labels, din.predict(model, *data)).auc
    positives = np.flatnonzero(examples.labels)
    batch = cut_batch(positives, *data, (100, 100))
    group, history = model.goods, batch.goods_history
    with torch.inference_mode():
        weights_N = group.weights(group.embed(batch.goods_B), group.embed(history.keys_N), history)
    same_kind = (batch.goods_B[history.example_N] - 1) // 7 == (history.keys_N - 1) // 7
    right, wrong = (
        np.bincount(history.example_N[kind], weights_N[kind]) / np.bincount(history.example_N[kind]).clip(1)
        for kind in (same_kind, ~same_kind)
    )
    assert auc > 0.95
    assert (right > wrong).mean() > share


def test_a_validation_that_says_nothing_is_refused() -> None:
    data = world()
    one_label = replace(data[0], labels=np.ones(len(data[0]), np.int64))

    with pytest.raises(DinError, match="the validation says nothing"):
        din.fit(SMALL, TRAIN, *data, ROWS, valid=one_label)
