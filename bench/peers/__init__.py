"""Four libraries with a DIN of their own, each in an environment of its own: how one is made and asked.

    python3.11 -m venv bench/.venvs/fuxictr
    bench/.venvs/fuxictr/bin/pip install -r bench/requirements-fuxictr.txt

A peer's module (bench/peers/fuxictr.py) needs torch, numpy and the peer. It wraps the peer's own model, loss and
optimizer into `Peer`, and says in its docstring how the peer differs from the paper and from ours.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from bench.peers.exchange import Padded, Sizes
from bench.peers.settings import Settings

PEERS = {
    "fuxictr": "bench.peers.fuxictr",
    "recbole": "bench.peers.recbole",
    "torch-rechub": "bench.peers.torch_rechub",
    "deepctr-torch": "bench.peers.deepctr_torch",
}


class Peer(Protocol):
    """A peer's DIN while it learns and scores."""

    model: Any
    """A torch module, in training mode once it is made."""
    pads_first: bool
    """Whether its loader puts the padding before the history, or behind."""

    def inputs(self, batch: Padded) -> Any:
        """What the peer's own loader would hand to its model."""
        ...

    def step(self, inputs: Any) -> float:
        """One step of its own trainer: forward, loss, backward, optimizer. Returns the loss."""
        ...

    def scores(self, inputs: Any) -> Any:
        """Probabilities of the batch, [B]."""
        ...

    def no_better(self) -> None:
        """Hears that an epoch was no better than the best before."""
        ...


Maker = Callable[[Settings, Sizes, int], Peer]


def maker(name: str) -> Maker:
    """What makes the peer from its settings, the sizes of its tables and a seed; only in the peer's environment."""
    return import_module(PEERS[name]).make


def python_of(name: str) -> Path:
    """The Python of the peer's environment. Raises FileNotFoundError where there is none."""
    python = Path(__file__).parent.parent / ".venvs" / name / "bin" / "python"
    if not python.exists():
        raise FileNotFoundError(f"{python}: no environment of {name}; make it as bench/peers/__init__.py says")
    return python
