"""What shapes a model and its training: saved with the weights, so that a checkpoint explains itself."""

from dataclasses import dataclass
from typing import Literal

Pooling = Literal["mean", "decay", "din"]
AttentionInput = Literal["difference", "product", "outer"]
Precision = Literal["auto", "fp32", "bf16"]
MAX_WIDTH = 65_536
MAX_ROWS = 1_000_000
MAX_DAYS = 36_500  # a century


def require(holds: bool, name: str, value: object, must: str) -> None:
    """Raises ValueError, with the name and the value of the setting, where it does not hold."""
    if not holds:
        raise ValueError(f"{name} is {value}; it must be {must}")


def require_between(config: object, least: float, most: float, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        require(value >= least, name, value, f"at least {least}")
        require(value <= most, name, value, f"at most {most}")


@dataclass(frozen=True)
class DinConfig:
    """The shape of the model. Lengths count events, newest kept.

    `attention_input` is what the activation unit sees of candidate u and history item v: `difference` [u, v, u - v],
    `product` the same and u * v (the authors' code), `outer` the same and the outer product (the paper's text).
    `time_buckets` and `position_buckets` tell it how long ago and how many events back an item is; 0 tells it nothing.
    `repeat_features` shows the last net how often the candidate itself is in the history, and how long ago.
    `half_life_days` is the decay baseline's, from which it learns its own unless `learn_half_life` is false.
    `category_embedding` adds the embedding of its category to that of each goods; `user_embedding` shows the last net
    an embedding of the user.
    """

    pooling: Pooling = "din"
    embedding_dim: int = 16
    goods_length: int = 100
    shop_length: int = 100
    attention_hidden_units: tuple[int, ...] = (32, 16)
    mlp_hidden_units: tuple[int, ...] = (64, 32)
    attention_input: AttentionInput = "product"
    activation: Literal["dice", "prelu", "relu"] = "dice"
    attention_normalization: Literal["none", "softmax"] = (
        "softmax"  # the paper sums the weights as they are: "none" (section 4.3)
    )
    time_buckets: int = 12
    position_buckets: int = 0
    repeat_features: bool = True
    half_life_days: float = 30.0
    learn_half_life: bool = True
    category_embedding: bool = False
    user_embedding: bool = False

    def __post_init__(self) -> None:
        require_between(self, 1, MAX_WIDTH, "embedding_dim")
        require_between(self, 1, MAX_ROWS, "goods_length", "shop_length")
        require_between(self, 0, 1_000, "time_buckets", "position_buckets")
        require(
            len(self.attention_hidden_units) > 0, "attention_hidden_units", [], "at least one width, such as [32, 16]"
        )
        for name in ("attention_hidden_units", "mlp_hidden_units"):
            widths = list(getattr(self, name))
            require(all(width >= 1 for width in widths), name, widths, "widths of at least 1")
            require(all(width <= MAX_WIDTH for width in widths), name, widths, f"widths of at most {MAX_WIDTH}")
        require(
            0 < self.half_life_days <= MAX_DAYS, "half_life_days", self.half_life_days, f"above 0, at most {MAX_DAYS}"
        )


@dataclass(frozen=True)
class TrainConfig:
    """How the weights are found. With one thread the seed fixes them to the byte, whatever else the machine does;
    with more, sums are cut differently when a core is busy.

    `weight_decay` is the nets'; `embedding_l2` is the lambda of the tables (equation 6 of the paper), and
    `oov_mask_rate` the share of keys that a batch takes for unknown, so that the unknown row learns. Every
    `checkpoint_every_steps` steps a training is kept, so that one that is killed goes on from there; 0 keeps none.
    `warm_start`: whoever trains night after night hands the model of the night before to `fit` as the start.
    `precision` is of the nets' products while they learn: `auto` is bf16 on a GPU that has it and fp32 on a processor;
    sums are fp32 either way.
    """

    epochs: int = 4
    batch_size: int = 512
    learning_rate: float = 1e-2
    weight_decay: float = 1e-5
    embedding_l2: float = 0.1
    oov_mask_rate: float = 0.0
    warm_start: bool = False
    checkpoint_every_steps: int = 500
    seed: int = 17
    threads: int = 1
    precision: Precision = "auto"

    def __post_init__(self) -> None:
        require_between(self, 1, 10_000, "epochs")
        require_between(self, 1, MAX_ROWS, "batch_size")
        require_between(self, 1, 1_024, "threads")
        require_between(self, 0, 1e9, "weight_decay", "embedding_l2")
        require_between(self, 0, 2**31 - 1, "checkpoint_every_steps")
        require_between(self, 0, 2**63 - 1, "seed")
        require(0 <= self.oov_mask_rate < 1, "oov_mask_rate", self.oov_mask_rate, "at least 0 and below 1")
        require(
            0 < self.learning_rate <= 1e38, "learning_rate", self.learning_rate, "above 0, at most 1e38"
        )  # of a float32
