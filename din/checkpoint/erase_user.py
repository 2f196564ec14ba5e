"""A forgotten user -> out of every checkpoint: their row becomes the unknown one's, as if the model had never met them.

What the rest of the weights learned from them stays; only training anew unlearns that.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save

from din.checkpoint.checkpoint import MODEL, WEIGHTS, to_json, write
from din.model.tables import EMBEDDING_PARAMS

ROWS_OF_USERS = EMBEDDING_PARAMS["users"]


def forget_user(models: Path, user_key: int) -> tuple[list[str], list[str]]:
    """Takes the row of a user out of every checkpoint that has it, and removes what trainings under way and savings
    that were killed have left, which may hold it: such a training begins again.

    Returns the model_ids that were rewritten, and where it cannot be told whether the row is still there, and why. A
    checkpoint keeps its model_id, which its rankings name; the hash in model.json is the new one. It may be killed at
    any moment and run again.
    """
    for left in {*models.glob(".*.under_way.*"), *models.glob(".*.making")}:
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    rewritten, unread = [], []
    for path in sorted(weights.parent for weights in models.glob(f"*/{WEIGHTS}")):
        try:
            if has_users(erasure_metadata(path)) and erase_row(path, user_key):
                rewritten.append(path.name)
        except (OSError, SafetensorError) as error:
            unread.append(f"models/{path.name}/{WEIGHTS}: cannot be read ({error})")
    return rewritten, unread


def erasure_metadata(path: Path) -> dict[str, Any]:
    """model.json, empty where it cannot be read."""
    try:
        found = json.loads((path / MODEL).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def has_users(record: dict[str, Any]) -> bool:
    """Whether a checkpoint may have rows of users; one that does not say may."""
    config = record.get("config")
    return not isinstance(config, dict) or bool(config.get("user_embedding", config.get("users", False)))


def erase_row(path: Path, user_key: int) -> bool:
    """Makes a row the unknown one in a checkpoint. Returns whether it was another.

    The hash is written before the weights: whoever is killed between the two leaves a checkpoint that is refused, and
    that the next run makes whole. One that did not match its hash before does not match it afterwards.
    """
    old = (path / WEIGHTS).read_bytes()
    state = load(old)
    rows_UD = state.get(ROWS_OF_USERS)
    if rows_UD is None or user_key >= len(rows_UD) or rows_UD[user_key].equal(rows_UD[0]):
        return False
    rows_UD[user_key] = rows_UD[0]
    new = save(state)
    write(path / f"{WEIGHTS}.making", new)
    record = erasure_metadata(path)
    if record.get("weights_sha256") == hashlib.sha256(old).hexdigest():
        write(path / f"{MODEL}.making", to_json(record | {"weights_sha256": hashlib.sha256(new).hexdigest()}))
        (path / f"{MODEL}.making").rename(path / MODEL)
    (path / f"{WEIGHTS}.making").rename(path / WEIGHTS)
    flush(path)
    return True


def flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
