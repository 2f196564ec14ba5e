"""How a stage becomes a Prefect task, and how Prefect speaks of a user's mistake."""

import logging
from collections.abc import Callable
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

import features
from din import DinError
from features import FeatureError, Summary
from flows.runtime.night_summary import log_summary, markdown, sentence
from flows.runtime.progress import log
from flows.runtime.steps import JITTER, retry_delays
from flows.runtime.timeouts import TimeoutExceeded


def as_task(stage: Callable[..., Any]) -> Callable[..., Any]:
    """The stage as a task of its name, tried again as without Prefect.

    Its effects are in the store: a cached or pickled result could only be wrong."""
    stage = features.translate_errors()(stage)
    again = retry_delays(stage)
    return task(
        name=stage.__name__,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=len(again),
        retry_delay_seconds=again or None,
        retry_jitter_factor=JITTER,
        retry_condition_fn=is_transient,
    )(stage)


def is_transient(_task: Any, _run: Any, state: State) -> bool:
    """Whether a task that failed is worth trying again."""
    try:
        state.result()
    except Exception as error:
        return features.is_transient(error)
    return False


def log_and_publish_artifact(summary: Summary) -> None:
    """Tells of a night, and shows it in Prefect's pages; never fails: the night counts."""
    log_summary(summary)
    try:
        create_markdown_artifact(markdown(summary), key="night-summary", description=sentence(summary))
    except Exception as error:  # whatever it is, it must not undo what is published
        log.warning("artifact_not_made", ds=summary.ds, error=type(error).__name__)


class HideUserErrorTraceback(logging.Filter):
    """Leaves the traceback out where the error is a sentence for the user, which the log line carries already."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], FeatureError | DinError | TimeoutExceeded | OSError):
            record.exc_info = None
        return True


for name in ("prefect.flow_runs", "prefect.task_runs"):
    logging.getLogger(name).addFilter(HideUserErrorTraceback())
