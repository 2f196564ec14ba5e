"""What shapes a model and its training: saved with the weights, so that a checkpoint explains itself."""

from dataclasses import dataclass
from typing import Literal

Pooling = Literal["mean", "decay", "din"]


@dataclass(frozen=True)
class DinConfig:
    """The shape of the model. Lengths count events, newest kept; `half_life_days` starts the decay baseline."""

    pooling: Pooling = "din"
    dimension: int = 16
    goods_length: int = 100
    shop_length: int = 100
    attention_widths: tuple[int, ...] = (32, 16)
    top_widths: tuple[int, ...] = (64, 32)
    activation: Literal["dice", "prelu"] = "dice"
    normalize: Literal["none", "softmax"] = "none"  # the paper sums the weights as they are (section 4.3)
    half_life_days: float = 30.0


@dataclass(frozen=True)
class TrainConfig:
    """How the weights are found. With one thread the seed fixes them to the byte, whatever else the machine does;
    with more, sums are cut differently when a core is busy."""

    epochs: int = 2
    batch_size: int = 512
    learning_rate: float = 1e-2
    weight_decay: float = 1e-5
    seed: int = 17
    threads: int = 1
