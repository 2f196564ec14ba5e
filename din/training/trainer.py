"""Examples -> trained weights, and examples -> scores."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.func import functional_call
from torch.nn import functional

from din.config import DinConfig, TrainConfig
from din.data.batch import Batch, EventSequence, Examples
from din.data.loader import BatchLoader, to_device
from din.device import pick_device
from din.errors import DinError
from din.memory import disable_malloc_trim
from din.metrics import gauc
from din.model.category_embedding import validate_categories
from din.model.din import DIN
from din.model.tables import EMBEDDING_PARAMS, table_sizes
from din.precision import autocast
from din.training.early_stopping import BestEpoch
from din.training.embedding_optimizer import LazyAdam, gather_batch_rows, key_counts, mask
from din.training.loss_monitor import STEPS_PER_SYNC, LossMonitor
from din.training.state import Tensors, fingerprint, load_state, save_state
from din.training.warm_start import OF_GOODS, resize_embeddings, warm_start_error

SCORING_BATCH = {"cpu": 4096, "cuda": 65536}


class Trainer:
    """A model while it learns: one step for each batch, on the log loss (equation 1).

    The nets learn by Adam; of the tables only the rows that a batch names change (din/training/embedding_optimizer.py).
    """

    def __init__(
        self,
        config: DinConfig,
        train: TrainConfig,
        rows: tuple[int, ...],
        counts: dict[str, np.ndarray],
        steps: int,
        start: DIN | None = None,
        category_of: np.ndarray | None = None,
    ) -> None:
        disable_malloc_trim()
        torch.manual_seed(train.seed)
        torch.set_num_threads(train.threads)
        self.train, self.steps, self.done, self.device = train, steps, 0, pick_device()
        self.watch = LossMonitor(steps, STEPS_PER_SYNC[self.device.type])
        self.model = (resize_embeddings(start, rows) if start else DIN(config, *rows)).to(self.device).train()
        if self.model.goods.categories is not None and category_of is not None:
            self.model.goods.categories.take(to_device(category_of, self.device))
        self.nets = {
            name: weight
            for name, weight in self.model.named_parameters()
            if weight.requires_grad and name not in EMBEDDING_PARAMS.values()
        }
        self.net_optimizer = torch.optim.Adam(
            self.nets.values(), lr=train.learning_rate, weight_decay=train.weight_decay, foreach=True
        )
        self.table_optimizer = LazyAdam(self.model, train, counts)
        self.random = torch.Generator(self.device)

    def step(self, batch: Batch, labels_B: torch.Tensor) -> None:
        """Learns from one batch; `watch` has the loss. Raises DinError where it is not a number: on a processor before
        any weight changes, on a GPU some steps later."""
        self.random.manual_seed(self.train.seed + self.done)  # of its own for each step, so that any can be the first
        if self.train.oov_mask_rate:
            batch = mask(self.model.told(batch), self.train.oov_mask_rate, self.random)
        local, rows = gather_batch_rows(self.model, batch)
        tables = {EMBEDDING_PARAMS[table]: found.values_RD for table, found in rows.items()}
        with autocast(self.train.precision, self.device):
            logits_B = functional_call(self.model, tables, (local,))
        loss = functional.binary_cross_entropy_with_logits(logits_B.float(), labels_B)
        number = self.done + 1
        self.watch.note(number, loss)
        gradients = torch.autograd.grad(loss, [*self.nets.values(), *tables.values()])
        for weight, gradient in zip(self.nets.values(), gradients, strict=False):
            weight.grad = gradient
        rate = self.train.learning_rate * (1 - self.done / self.steps)  # falls to zero in a straight line
        self.net_optimizer.param_groups[0]["lr"] = rate
        self.net_optimizer.step()
        self.table_optimizer.step(number, rate, rows, gradients[len(self.nets) :])
        self.done = number

    def tensors(self) -> Tensors:
        """All that the next step depends on, beside `done`."""
        moments = {
            f"adam.{name}.{moment}": state[moment]
            for name, weight in self.nets.items()
            for state in [self.net_optimizer.state[weight]]
            for moment in ("step", "exp_avg", "exp_avg_sq")
        }
        return {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()} | moments | self.moments()

    def moments(self) -> Tensors:
        tables = self.table_optimizer
        return {f"first.{table}": moment for table, moment in tables.first.items()} | {
            f"second.{table}": moment for table, moment in tables.second.items()
        }

    def go_on(self, done: int, tensors: Tensors) -> None:
        """Takes up what `tensors` gave after so many steps."""
        self.done = done
        self.model.load_state_dict(with_prefix(tensors, "model."))
        for name, weight in self.nets.items():
            state = with_prefix(tensors, f"adam.{name}.")  # Adam counts its steps on the CPU, whatever the device
            self.net_optimizer.state[weight] = {
                moment: tensor if moment == "step" else tensor.to(weight.device) for moment, tensor in state.items()
            }
        for name, moment in self.moments().items():
            moment.copy_(tensors[name])


def with_prefix(tensors: Tensors, prefix: str) -> Tensors:
    """Those whose name begins so, by what follows."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def fit(
    config: DinConfig,
    train: TrainConfig,
    examples: Examples,
    goods: EventSequence,
    shops: EventSequence,
    rows: tuple[int, ...],
    on_step: Callable[[int, int, float], None] = lambda done, total, loss: None,
    valid: Examples | None = None,
    under_way: Path | None = None,
    start: DIN | None = None,
    best: BestEpoch | None = None,
    category_of: np.ndarray | None = None,
) -> DIN:
    """Trains a model, from scratch or from `start`, which it leaves as it is; the same seed and the same start give the
    same weights.

    `rows` is the number of goods and shop keys, row 0 included, and of category and user keys where the model has rows
    for those; `category_of`, int64 [goods keys], is the category of each goods, 0 where it has none. `on_step` hears of
    every step: done, total, loss; on a GPU of some at a time. With `valid`, examples of days after those that teach,
    the weights of the epoch that ranked them best (GAUC) are kept, those of `start` among them, and training stops when
    an epoch is worse than the one before: on sparse ids the second epoch often is. `best` is told which epoch that was,
    and its `course` how each went.

    `under_way` is where the state is kept every `train.checkpoint_every_steps` steps. One that was killed goes on from
    there when it is asked for again, to the weights it would have had. Raises DinError where there is nothing to learn
    from, where the loss stops being a number, where `valid` says nothing of an epoch, or where `start` has another
    shape.
    """
    validate_inputs(config, examples, rows, start, category_of)
    an_epoch = -(-len(examples) // train.batch_size)
    counts = key_counts(examples, goods, shops, rows, category_of)
    trainer = Trainer(config, train, rows, counts, train.epochs * an_epoch, start, category_of)
    model, best = trainer.model, best or BestEpoch()
    trainer.watch.course = best.course.begin(trainer.steps, an_epoch)
    feed = BatchLoader(examples, goods, shops, (config.goods_length, config.shop_length), trainer.device)
    given = model.state_dict() if start else {}
    if model.goods.categories is not None:
        given[OF_GOODS] = model.goods.categories.of_goods_G
    of = fingerprint(config, train, rows, given, examples, goods, shops, valid) if under_way else ""
    keeper = StateSaver(under_way, of, trainer, best)
    keeper.take_up()
    if start and valid is not None and not trainer.done:
        best.goes_on(0, model, validation_gauc(model.eval(), valid, goods, shops))
        model.train()
    for epoch in range(max(trainer.done - 1, 0) // an_epoch, train.epochs):
        order = epoch_order(len(examples), train, epoch, trainer.done - epoch * an_epoch)
        train_epoch(feed.batches(order, train.batch_size), trainer, keeper, on_step)
        if valid is None:
            best.epoch = epoch + 1
        elif not best.goes_on(epoch + 1, model, validation_gauc(model.eval(), valid, goods, shops)):
            break
        model.train()
    best.restore(model)
    keeper.forget()
    return model.eval()


def validate_inputs(
    config: DinConfig, examples: Examples, rows: tuple[int, ...], start: DIN | None, category_of: np.ndarray | None
) -> None:
    """Raises DinError where `fit` is given nothing to learn from, or what does not fit together."""
    if not len(examples) or examples.labels.min() == examples.labels.max():
        raise DinError(f"training needs positives and negatives; got {len(examples)} examples, all of one label")
    if start and (why_not := warm_start_error(start, config, rows)):
        raise DinError(f"training cannot start from that model: {why_not}")
    if config.category_embedding:
        validate_categories(category_of, table_sizes(rows)["goods"], table_sizes(rows)["categories"])


def train_epoch(
    batches: Iterable[tuple[Batch, torch.Tensor]],
    trainer: Trainer,
    keeper: "StateSaver",
    on_step: Callable[[int, int, float], None],
) -> None:
    """One epoch, or what is left of it."""
    for batch, labels_B in batches:
        trainer.step(batch, labels_B)
        keeper.keep()
        trainer.watch.tell(on_step)
    trainer.watch.look()
    trainer.watch.tell(on_step)


@dataclass
class StateSaver:
    """Keeps a training at `path`, if anywhere."""

    path: Path | None
    of: str
    trainer: Trainer
    best: BestEpoch

    def keep(self) -> None:
        trainer, every = self.trainer, self.trainer.train.checkpoint_every_steps
        if self.path and every and trainer.done % every == 0:
            trainer.watch.look()  # what is kept has learned from numbers
            state = {"done": trainer.done, "best": self.best.state, "course": vars(self.best.course)}
            best = {f"best.{name}": tensor for name, tensor in self.best.weights.items()}
            save_state(self.path, self.of, state, trainer.tensors() | best)

    def take_up(self) -> None:
        found = load_state(self.path, self.of) if self.path else None
        if found:
            state, tensors = found
            self.trainer.go_on(state["done"], tensors)
            vars(self.best).update(state["best"], weights=with_prefix(tensors, "best."))
            vars(self.best.course).update(state.get("course", {}))  # none was kept by versions of before

    def forget(self) -> None:
        if self.path:
            self.path.unlink(missing_ok=True)


def validation_gauc(model: DIN, examples: Examples, goods: EventSequence, shops: EventSequence) -> float:
    return gauc(examples.user_keys, examples.labels, predict(model, examples, goods, shops)).impressions


def epoch_order(examples: int, train: TrainConfig, epoch: int, done: int) -> np.ndarray:
    """Row numbers of an epoch, without those of the batches that are done; every example once an epoch, in an order
    that the seed and the epoch fix."""
    order = np.random.default_rng([train.seed, epoch]).permutation(examples)
    return order[max(done, 0) * train.batch_size :]


@torch.inference_mode()
def predict(model: DIN, examples: Examples, goods: EventSequence, shops: EventSequence) -> np.ndarray:
    """The probability of each example, float32 [X], by the plain forward pass."""
    device = next(model.parameters()).device
    feed = BatchLoader(examples, goods, shops, (model.config.goods_length, model.config.shop_length), device)
    batches = feed.batches(np.arange(len(examples)), SCORING_BATCH[device.type])
    scores = [torch.sigmoid(model(batch)) for batch, _ in batches]
    return torch.cat(scores).cpu().numpy() if scores else np.zeros(0, np.float32)
