"""Trained weights <-> a folder: weights.safetensors, model.json and metrics.json, made whole or not at all."""

import hashlib
import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save

from din.config import DinConfig
from din.device import pick_device
from din.errors import DinError
from din.model.din import DIN

WEIGHTS, MODEL, METRICS = "weights.safetensors", "model.json", "metrics.json"

RENAMED_FIELDS = {  # of DinConfig, in checkpoints of older versions
    "dimension": "embedding_dim",
    "attention_widths": "attention_hidden_units",
    "top_widths": "mlp_hidden_units",
    "normalize": "attention_normalization",
    "matches": "repeat_features",
    "categories": "category_embedding",
    "users": "user_embedding",
}


def save_model(folder: Path, model: DIN, about: dict[str, Any], metrics: dict[str, Any]) -> str:
    """Writes `folder/<model_id>/` and returns the model_id: pooling, data day, and the hash of the weights.

    The folder appears under its name only when every file in it has reached the disk. One that holds this very model
    is left as it is: it may be the one that ranks, and must not be gone for a moment.
    """
    weights = save({name: tensor.contiguous().cpu() for name, tensor in model.state_dict().items()})
    digest = hashlib.sha256(weights).hexdigest()
    model_id = f"{model.config.pooling}-{about['ds']}-{digest[:8]}"
    record = {
        "model_id": model_id,
        "weights_sha256": digest,
        **rows_of(model),
        "config": asdict(model.config),
        **about,
    }
    making, made = folder / f".{model_id}.making", folder / model_id
    if is_same_checkpoint(made, record):
        return model_id
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    write(making / WEIGHTS, weights)
    write(making / MODEL, to_json(record))
    write(making / METRICS, to_json(metrics))
    if made.exists():
        shutil.rmtree(made)
    making.rename(made)
    return model_id


def rows_of(model: DIN) -> dict[str, int]:
    """How many rows each table has, by the names that model.json gives them."""
    rows = {
        "goods_rows": model.goods.embedding.num_embeddings,
        "shop_rows": model.shops.embedding.num_embeddings,
    }
    if model.goods.categories is not None:
        rows["category_rows"] = model.goods.categories.embedding.num_embeddings
    if model.users is not None:
        rows["user_rows"] = model.users.num_embeddings
    return rows


def is_same_checkpoint(made: Path, record: dict[str, Any]) -> bool:
    """Whether the folder has these weights, whole, in a model of this shape."""
    try:
        saved = to_config(json.loads((made / MODEL).read_text())["config"])
        whole = hashlib.sha256((made / WEIGHTS).read_bytes()).hexdigest() == record["weights_sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return whole and (made / METRICS).exists() and saved == to_config(record["config"])


def load_model(folder: Path, model_id: str) -> DIN:
    """The model as it was saved, in evaluation mode, on the GPU where there is one. Raises DinError where the files are
    missing, do not match the hash they were saved with, or hold a number that is not finite."""
    record = read_metadata(folder, model_id)
    model = empty_model(record)
    model.load_state_dict(load_verified(folder / model_id, record))
    return model.to(pick_device()).eval()


def verify_model(folder: Path, model_id: str) -> None:
    """Raises DinError where `load_model` would, without making the model."""
    load_verified(folder / model_id, read_metadata(folder, model_id))


def load_verified(where: Path, record: dict[str, Any]) -> dict[str, torch.Tensor]:
    """The weights, whose bytes are those that were saved, and finite."""
    try:
        weights = (where / WEIGHTS).read_bytes()
    except OSError as error:
        raise unreadable_error(where, error) from error
    if hashlib.sha256(weights).hexdigest() != record.get("weights_sha256"):
        raise DinError(f"{where / WEIGHTS}: is not what was saved (sha256 differs); train again with: nightrank train")
    state = load(weights)
    broken = [name for name, tensor in state.items() if not torch.isfinite(tensor).all()]
    if broken:
        raise DinError(f"{where / WEIGHTS}: {', '.join(broken)} hold numbers that are not finite; train again")
    return state


def empty_model(record: dict[str, Any]) -> DIN:
    """A model of the shape that model.json tells, with nothing learned."""
    more = [record.get(name, 1) for name in ("category_rows", "user_rows")]
    return DIN(to_config(record["config"]), record["goods_rows"], record["shop_rows"], *more)


def read_metadata(folder: Path, model_id: str) -> dict[str, Any]:
    """What a model says of itself: model.json. Raises DinError where it cannot be read."""
    where = folder / model_id
    try:
        return json.loads((where / MODEL).read_text())
    except (OSError, ValueError) as error:
        raise unreadable_error(where, error) from error


def unreadable_error(where: Path, error: Exception) -> DinError:
    return DinError(f"{where}: cannot be read ({error}); train again with: nightrank train")


def to_config(saved: dict[str, Any]) -> DinConfig:
    """The configuration as it was: JSON turned its tuples into lists. One that does not tell of matches has none."""
    values: dict[str, Any] = {
        RENAMED_FIELDS.get(key, key): tuple(value) if isinstance(value, list) else value for key, value in saved.items()
    }
    values.setdefault("repeat_features", False)
    return DinConfig(**values)


def to_json(record: dict[str, Any]) -> bytes:
    return json.dumps(record, indent=2, default=str).encode() + b"\n"


def write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
