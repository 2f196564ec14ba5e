"""The model: Deep Interest Network with two groups, goods and shops, and the baselines before it.

Needs torch, numpy and safetensors and nothing more. Takes arrays, gives arrays. Settings and errors come at once; what
needs torch comes when it is first asked for, so that a command that only looks starts quickly.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from din.config import DinConfig, Pooling, TrainConfig
from din.errors import DinError, ScoreError

if TYPE_CHECKING:
    from din.checkpoint.checkpoint import load_model, read_metadata, save_model, verify_model
    from din.checkpoint.erase_user import forget_user
    from din.data.batch import EventSequence, Examples, Spans
    from din.metrics import Metrics, evaluate, mean_std, rela_impr
    from din.model.din import DIN
    from din.ranking.ranker import Candidates, HistoryWeights, Ranking, rank
    from din.training.early_stopping import BestEpoch, validation_error
    from din.training.trainer import fit, predict
    from din.training.warm_start import make_unknown, unknown_rows, warm_start_error

LATER = {
    "data.batch": ("Examples", "EventSequence", "Spans"),
    "checkpoint.checkpoint": ("load_model", "read_metadata", "save_model", "verify_model"),
    "training.early_stopping": ("BestEpoch", "validation_error"),
    "checkpoint.erase_user": ("forget_user",),
    "training.warm_start": ("make_unknown", "unknown_rows", "warm_start_error"),
    "metrics": ("Metrics", "evaluate", "rela_impr", "mean_std"),
    "model.din": ("DIN",),
    "ranking.ranker": ("Candidates", "Ranking", "HistoryWeights", "rank"),
    "training.trainer": ("fit", "predict"),
}


def __getattr__(name: str) -> Any:
    for module, names in LATER.items():
        if name in names:
            return getattr(import_module(f"din.{module}"), name)
    raise AttributeError(f"module 'din' has no attribute {name!r}")


__all__ = [
    "DIN",
    "BestEpoch",
    "Candidates",
    "DinConfig",
    "DinError",
    "EventSequence",
    "Examples",
    "HistoryWeights",
    "Metrics",
    "Pooling",
    "Ranking",
    "ScoreError",
    "Spans",
    "TrainConfig",
    "evaluate",
    "fit",
    "forget_user",
    "load_model",
    "make_unknown",
    "mean_std",
    "predict",
    "rank",
    "read_metadata",
    "rela_impr",
    "save_model",
    "unknown_rows",
    "validation_error",
    "verify_model",
    "warm_start_error",
]
