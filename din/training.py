"""Examples -> trained weights, and examples -> scores."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch.nn import functional

from din.batches import Batch, Examples, Sequence, cut_batch
from din.config import DinConfig, TrainConfig
from din.errors import DinError
from din.model import DIN

SCORING_BATCH = 4096


def pick_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def to_device(batch: Batch, device: torch.device) -> Batch:
    if device.type == "cpu":
        return batch
    move = [history._replace(**{k: v.to(device) for k, v in history._asdict().items()}) for history in batch[2:]]
    return Batch(batch.goods_B.to(device), batch.shop_B.to(device), *move)


def fit(
    config: DinConfig,
    train: TrainConfig,
    examples: Examples,
    goods: Sequence,
    shops: Sequence,
    rows: tuple[int, int],
    on_step: Callable[[int, int, float], None] = lambda done, total, loss: None,
) -> DIN:
    """Trains a model from scratch with Adam on the log loss (equation 1); the same seed gives the same weights.

    `rows` is the number of goods and shop keys, row 0 included. `on_step` hears of every step: done, total, loss.
    Raises DinError where there is nothing to learn from or the loss stops being a number.
    """
    if not len(examples) or examples.labels.min() == examples.labels.max():
        raise DinError(f"training needs positives and negatives; got {len(examples)} examples, all of one label")
    torch.manual_seed(train.seed)
    torch.set_num_threads(train.threads)
    device = pick_device()
    model = DIN(config, *rows).to(device).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=train.learning_rate, weight_decay=train.weight_decay)
    total = train.epochs * -(-len(examples) // train.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / total)
    for step, chosen in enumerate(shuffled(len(examples), train), start=1):
        batch = to_device(cut_batch(chosen, examples, goods, shops, (config.goods_length, config.shop_length)), device)
        labels_B = torch.from_numpy(examples.labels[chosen].astype(np.float32)).to(device)
        loss = functional.binary_cross_entropy_with_logits(model(batch), labels_B)
        if not torch.isfinite(loss):
            raise DinError(f"the loss became {loss.item()} at step {step} of {total}; lower train.learning_rate")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        on_step(step, total, loss.item())
    return model.eval()


def shuffled(examples: int, train: TrainConfig) -> Iterator[np.ndarray]:
    """Row numbers of each batch, every example once an epoch, in an order the seed fixes."""
    random = np.random.default_rng(train.seed)
    for _ in range(train.epochs):
        order = random.permutation(examples)
        for start in range(0, examples, train.batch_size):
            yield order[start : start + train.batch_size]


@torch.inference_mode()
def predict(model: DIN, examples: Examples, goods: Sequence, shops: Sequence) -> np.ndarray:
    """The probability of each example, float32 [X], by the plain forward pass."""
    device = next(model.parameters()).device
    lengths = (model.config.goods_length, model.config.shop_length)
    scores = [
        torch.sigmoid(model(to_device(cut_batch(chosen, examples, goods, shops, lengths), device))).cpu().numpy()
        for chosen in np.array_split(np.arange(len(examples)), -(-len(examples) // SCORING_BATCH) or 1)
    ]
    return np.concatenate(scores)
