"""The ways of working that suit a GPU: as the processor's, which tests on it hold them to; and on a GPU itself."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import din
from din import DIN, DinConfig, DinError, TrainConfig
from din.data.loader import BatchLoader
from din.kernels.segment_ops import GatherRows, SegmentSum
from din.training.embedding_optimizer import key_counts
from din.training.loss_monitor import LossMonitor
from din.training.trainer import Trainer
from din.training.unique_rows import unique_rows_no_sync
from tests.din.by_hand import rank_one_by_one
from tests.din.model.test_din import EVERY, SHAPES
from tests.din.ranking.test_user_batch import assert_alike, crowd
from tests.din.worlds import ALL_ROWS, CATEGORY_OF, ROWS, SMALL, model_of, world

NO_GPU = "" if torch.cuda.is_available() else "torch finds no GPU here"
on_a_gpu = [pytest.mark.gpu, pytest.mark.skipif(bool(NO_GPU), reason=NO_GPU)]
TRAIN = TrainConfig(epochs=2, batch_size=32, precision="fp32")


@pytest.fixture
def as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processor works as a GPU would: unblocked sums, rows counted without waiting, losses seen late."""
    monkeypatch.setattr("din.device.on_processor", lambda _: False)
    monkeypatch.setattr("din.training.trainer.STEPS_PER_SYNC", {"cpu": 7})


def furthest(one: DIN, other: DIN) -> float:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return max(float((a.cpu() - b.cpu()).abs().max()) for a, b in pairs)


@pytest.mark.parametrize("config", EVERY, ids=SHAPES)
def test_trained_in_large_steps_the_weights_are_those_of_blocks(
    config: DinConfig, monkeypatch: pytest.MonkeyPatch, as_on_a_gpu: None
) -> None:
    data, losses = world(users=20), {"large": [], "blocks": []}
    train = replace(TRAIN, learning_rate=1e-3, embedding_l2=0.05, oov_mask_rate=0.1)
    large = din.fit(config, train, *data, ALL_ROWS, lambda *step: losses["large"].append(step), category_of=CATEGORY_OF)
    monkeypatch.undo()

    step_of_blocks = losses["blocks"].append
    blocks = din.fit(config, train, *data, ALL_ROWS, lambda *step: step_of_blocks(step), category_of=CATEGORY_OF)

    assert furthest(large, blocks) < 2e-4
    assert [step[:2] for step in losses["large"]] == [step[:2] for step in losses["blocks"]]
    assert np.allclose([step[2] for step in losses["large"]], [step[2] for step in losses["blocks"]], atol=1e-4)


def test_a_training_that_sees_its_losses_late_goes_on_to_the_same_weights(tmp_path: Path, as_on_a_gpu: None) -> None:
    data, file, train = world(users=20), tmp_path / "under_way.safetensors", replace(TRAIN, checkpoint_every_steps=3)
    whole = din.fit(SMALL, train, *data, ALL_ROWS)

    class Killed(Exception):
        pass

    def kill(done: int, *_: object) -> None:
        if done == 3:
            raise Killed

    with pytest.raises(Killed):
        din.fit(SMALL, train, *data, ALL_ROWS, kill, None, file)
    steps: list[int] = []
    again = din.fit(SMALL, train, *data, ALL_ROWS, lambda done, *_: steps.append(done), None, file)

    assert steps == [4, 5, 6, 7, 8]
    assert furthest(whole, again) == 0


def test_the_first_of_the_losses_that_is_no_number_is_named_and_none_of_them_is_told() -> None:
    watch, told = LossMonitor(steps=9, every=4), []
    for number, loss in ((1, 0.5), (2, 0.4), (3, float("nan"))):
        watch.note(number, torch.tensor(loss))

    with pytest.raises(DinError, match="the loss became nan at step 3 of 9"):
        watch.note(4, torch.tensor(float("inf")))

    watch.tell(lambda *step: told.append(step))
    assert told == []


def test_nothing_is_kept_of_a_training_whose_loss_became_no_number(tmp_path: Path, as_on_a_gpu: None) -> None:
    file = tmp_path / "under_way.safetensors"
    train = replace(TRAIN, epochs=50, learning_rate=1e30, checkpoint_every_steps=1000)

    with pytest.raises(DinError, match=r"the loss became nan at step \d+ of 150"):
        din.fit(SMALL, train, *world(), ROWS, under_way=file)

    assert not file.exists()


def test_rows_beyond_those_that_are_named_stand_for_the_last() -> None:
    keys_R, place_M, stands_R = unique_rows_no_sync(torch.tensor([7, 2, 7, 0, 2]), 9)

    assert keys_R.tolist() == [0, 2, 7, 7, 7]
    assert place_M.tolist() == [2, 1, 2, 0, 1]
    assert stands_R.tolist() == [0, 1, 2, 2, 2]
    assert len(unique_rows_no_sync(torch.tensor([1, 1, 1, 0]), 2)[0]) == 2


@pytest.mark.usefixtures("as_on_a_gpu")
def test_sums_over_examples_and_rows_spread_over_them_are_each_others_gradient() -> None:
    example_N = torch.tensor([0, 0, 2, 2, 2, 4])
    values_ND = torch.randn(6, 3, dtype=torch.double, requires_grad=True)
    rows_BD = torch.randn(6, 3, dtype=torch.double, requires_grad=True)

    sums_BD = SegmentSum.apply(values_ND, example_N, 6)

    assert torch.equal(sums_BD, torch.zeros(6, 3, dtype=torch.double).index_add(0, example_N, values_ND))
    assert torch.equal(SegmentSum.apply(torch.zeros(0, 3), example_N[:0], 2), torch.zeros(2, 3))
    assert torch.autograd.gradcheck(lambda values: SegmentSum.apply(values, example_N, 6), values_ND)
    assert torch.autograd.gradcheck(lambda rows: GatherRows.apply(rows, example_N), rows_BD)


@pytest.mark.parametrize("at_once", [True, False], ids=["in large steps", "as on a processor"])
@pytest.mark.parametrize("config", EVERY, ids=SHAPES)
def test_in_bfloat16_the_weights_stay_float32_and_the_losses_nearly_the_same(
    config: DinConfig, at_once: bool, request: pytest.FixtureRequest
) -> None:
    if at_once:
        request.getfixturevalue("as_on_a_gpu")
    data, losses = world(users=20), {"fp32": [], "bf16": []}
    for precision, into in losses.items():
        train = replace(TRAIN, precision=precision)
        model = din.fit(
            config,
            train,
            *data,
            ALL_ROWS,
            lambda _done, _total, loss, into=into: into.append(loss),
            category_of=CATEGORY_OF,
        )
        assert {tensor.dtype for tensor in model.parameters()} == {torch.float32}

    assert np.abs(np.subtract(losses["fp32"], losses["bf16"])).max() < 0.05
    assert losses["fp32"] != losses["bf16"] or config.pooling != "din"


class TestOnAGpu:
    pytestmark = on_a_gpu

    @pytest.mark.parametrize("config", EVERY, ids=SHAPES)
    def test_it_scores_as_the_processor_does(self, config: DinConfig) -> None:
        data, model = world(users=40), model_of(config)
        plain = din.predict(model, *data)

        assert np.abs(din.predict(model.cuda(), *data) - plain).max() < 1e-4

    @pytest.mark.parametrize("config", EVERY, ids=SHAPES)
    def test_it_ranks_as_the_processor_does(self, config: DinConfig) -> None:
        data, model = crowd(), model_of(replace(config, goods_length=7, shop_length=5))
        plain = rank_one_by_one(model, *data, k=6, why_top=3, why_history=2)

        assert_alike(din.rank(model.cuda(), *data, k=6, why_top=3, why_history=2), plain, within=1e-4)

    @pytest.mark.parametrize("precision", ["fp32", "bf16"])
    @pytest.mark.parametrize("config", EVERY, ids=SHAPES)
    def test_the_same_seed_gives_the_same_weights(self, config: DinConfig, precision: din.config.Precision) -> None:
        data, train = world(users=200), replace(TRAIN, precision=precision, oov_mask_rate=0.1)

        one, two = (din.fit(config, train, *data, ALL_ROWS, category_of=CATEGORY_OF) for _ in range(2))

        assert furthest(one, two) == 0

    def test_a_model_that_is_loaded_is_on_it(self, tmp_path: Path) -> None:
        pytest.importorskip("safetensors", reason="safetensors is not here, and models are saved by it")
        model_id = din.save_model(tmp_path, model_of(SMALL), {"ds": "2025-03-01"}, {})

        assert next(din.load_model(tmp_path, model_id).parameters()).is_cuda

    def test_a_step_never_waits_for_the_device(self) -> None:
        data, lengths = world(users=200), (SMALL.goods_length, SMALL.shop_length)
        trainer = Trainer(SMALL, TRAIN, ROWS, key_counts(*data, ROWS), steps=40)
        batches = BatchLoader(*data, lengths, trainer.device).batches(np.arange(len(data[0])), 32)
        trainer.step(*next(batches))
        torch.cuda.set_sync_debug_mode("error")
        try:
            for batch in batches:
                trainer.step(*batch)
        finally:
            torch.cuda.set_sync_debug_mode("default")
