"""A training under way <-> a file, so that one that was killed goes on where it was, to the same weights.

What is random in a step depends on the seed and the number of the step alone: the number is kept, and neither a sampler
nor a state of random numbers.
"""

import hashlib
import json
import os
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch

from din.config import DinConfig, TrainConfig
from din.data.batch import EventSequence, Examples

Tensors = dict[str, torch.Tensor]
# safetensors is imported where a file is written or read: a training that is kept nowhere needs torch and numpy alone.


def fingerprint(
    config: DinConfig,
    train: TrainConfig,
    rows: tuple[int, ...],
    given: Tensors,
    *data: Examples | EventSequence | None,
) -> str:
    """A hash of all that a training depends on: settings, the weights it starts from where they are not of the seed and
    what else it is `given`, and every array it learns from or is measured on."""
    from safetensors.torch import save

    found = hashlib.sha256(json.dumps([asdict(config), asdict(train), rows]).encode())
    found.update(save({name: tensor.detach().cpu().contiguous() for name, tensor in given.items()}))
    for array in (array for part in data if part is not None for array in arrays(part)):
        found.update(f"{array.dtype} {array.shape}".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def arrays(part: Any) -> list[np.ndarray]:
    values = [getattr(part, field.name) for field in fields(part)]
    return [array for value in values for array in ([value] if isinstance(value, np.ndarray) else arrays(value))]


def save_state(path: Path, of: str, state: dict[str, Any], tensors: Tensors) -> None:
    """Writes the state of a training, whole or not at all; `of` says which training it is."""
    from safetensors.torch import save

    said = {"of": of, "state": json.dumps(state)}
    making = path.with_suffix(".making")
    path.parent.mkdir(parents=True, exist_ok=True)
    with making.open("wb") as file:
        file.write(save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, said))
        file.flush()
        os.fsync(file.fileno())
    making.rename(path)


def load_state(path: Path, of: str) -> tuple[dict[str, Any], Tensors] | None:
    """The state of this very training, None where there is none: another's, or a file that cannot be read, is of no
    use."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            said = file.metadata() or {}
            if said.get("of") != of:
                return None
            return json.loads(said["state"]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError):
        return None
