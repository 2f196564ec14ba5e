"""How a stage becomes a Prefect task: named after its function, nothing cached, no result kept."""

from collections.abc import Callable
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE


def as_task(stage: Callable[..., Any]) -> Callable[..., Any]:
    """The stage as a task. Its effects are in the store, so a cached or pickled result could only be wrong."""
    return task(name=stage.__name__, cache_policy=NO_CACHE, persist_result=False)(stage)
