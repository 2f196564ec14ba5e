"""What each peer is trained with: first what its own pages recommend, then our widths at three strengths of learning.

The settings that rank the validation best, with one seed, are the ones that are measured (bench/model/quality.py).
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Settings:
    """`regularisation` is of the tables, in the unit of the peer: what it multiplies is said in its module."""

    dimension: int
    attention_widths: tuple[int, ...]
    top_widths: tuple[int, ...]
    attention_activation: str = "dice"
    top_activation: str = "relu"
    softmax: bool = False
    batch_norm: bool = False
    dropout: float = 0.0
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    regularisation: float = 0.0
    batch_size: int = 512


OURS = Settings(dimension=16, attention_widths=(32, 16), top_widths=(64, 32))


def at_our_widths(weak: float, strong: float, settings: Settings = OURS) -> dict[str, Settings]:
    """The weak regularisation at two learning rates, and the strong one."""
    return {
        "narrow": replace(settings, regularisation=weak),
        "narrow fast": replace(settings, regularisation=weak, learning_rate=5e-3),
        "narrow held": replace(settings, regularisation=strong),
    }


SETTINGS: dict[str, dict[str, Settings]] = {
    "fuxictr": {
        # DIN_default of model_zoo/LongCTR/config/din_config/model_config.yaml in its repository
        "own": Settings(64, (64,), (500, 500, 500), batch_size=8192),
        # its benchmark for this very protocol, BARS DIN_amazonelectronics_x1; there attention is 512-256, 12x the work
        "benchmark": Settings(
            64, (64,), (1024, 512, 256), "dice", "dice",
            softmax=True, batch_norm=True, dropout=0.1, learning_rate=5e-4, regularisation=0.005, batch_size=1024,
        ),
        **at_our_widths(1e-4, 5e-3, replace(OURS, softmax=True)),
    },
    "recbole": {
        # properties/model/DIN.yaml and properties/overall.yaml in the package
        "own": Settings(10, (256, 256, 256), (256, 256, 256), batch_size=2048),
        # one width for both nets is all it has; dropout from the range of its page on DIN
        **at_our_widths(1e-5, 1e-3, replace(OURS, attention_widths=(64, 32), dropout=0.2)),
    },
    "torch-rechub": {
        # examples/ranking/run_amazon_electronics.py in its repository
        "own": Settings(8, (256, 128), (256, 128), regularisation=1e-3, batch_size=4096),
        **at_our_widths(1e-5, 1e-3),  # 1e-5 is the default of its CTRTrainer
    },
    "deepctr-torch": {
        # the defaults of its DIN and of its fit; dimension and optimizer of examples/run_din.py in its repository
        "own": Settings(
            8, (64, 16), (256, 128), optimizer="adagrad", learning_rate=1e-2, regularisation=1e-6, batch_size=256
        ),
        **at_our_widths(0.0025, 0.25, replace(OURS, softmax=True)),  # of a loss summed over 512 examples
    },
}  # fmt: skip
