"""The model: Deep Interest Network with two groups, goods and shops, and the baselines before it.

Needs torch, numpy and safetensors and nothing more. Takes arrays, gives arrays. Settings and errors come at once; what
needs torch comes when it is first asked for, so that a command that only looks starts quickly.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from din.config import DinConfig, Pooling, TrainConfig
from din.errors import DinError, ScoreError

if TYPE_CHECKING:
    from din.checkpoint.checkpoint import load_model, read_record, save_model, verify_model
    from din.checkpoint.erase_user import forget_user
    from din.data.batch import Examples, Sequence, Spans
    from din.metrics import Metrics, evaluate, rela_impr, spread
    from din.model.din import DIN
    from din.ranking.ranker import Candidates, Ranked, Weights, rank
    from din.training.early_stopping import Best, why_not_validate
    from din.training.trainer import fit, predict
    from din.training.warm_start import make_unknown, unknown_rows, why_not_start

LATER = {
    "data.batch": ("Examples", "Sequence", "Spans"),
    "checkpoint.checkpoint": ("load_model", "read_record", "save_model", "verify_model"),
    "training.early_stopping": ("Best", "why_not_validate"),
    "checkpoint.erase_user": ("forget_user",),
    "training.warm_start": ("make_unknown", "unknown_rows", "why_not_start"),
    "metrics": ("Metrics", "evaluate", "rela_impr", "spread"),
    "model.din": ("DIN",),
    "ranking.ranker": ("Candidates", "Ranked", "Weights", "rank"),
    "training.trainer": ("fit", "predict"),
}


def __getattr__(name: str) -> Any:
    for module, names in LATER.items():
        if name in names:
            return getattr(import_module(f"din.{module}"), name)
    raise AttributeError(f"module 'din' has no attribute {name!r}")


__all__ = [
    "DIN",
    "Best",
    "Candidates",
    "DinConfig",
    "DinError",
    "Examples",
    "Metrics",
    "Pooling",
    "Ranked",
    "ScoreError",
    "Sequence",
    "Spans",
    "TrainConfig",
    "Weights",
    "evaluate",
    "fit",
    "forget_user",
    "load_model",
    "make_unknown",
    "predict",
    "rank",
    "read_record",
    "rela_impr",
    "save_model",
    "spread",
    "unknown_rows",
    "verify_model",
    "why_not_start",
    "why_not_validate",
]
