"""What a person watching sees on stderr: one line an event, and a bar for what takes longer than a second."""

import logging
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from flows.runtime.console import stderr

log = structlog.stdlib.get_logger("nightrank")


class AboveTheBar(logging.Handler):
    """Prints lines through the console that draws the bars, so that neither tears the other."""

    def emit(self, record: logging.LogRecord) -> None:
        stderr.print(
            f"{time.strftime('%H:%M:%S')} {record.getMessage()}", soft_wrap=True, markup=False, highlight=False
        )


def start_logging() -> None:
    """Log lines are events with keys, `sequences_built ds=2017-12-31 users=64`, on stderr."""
    logger = logging.getLogger("nightrank")
    logger.handlers, logger.propagate = [AboveTheBar()], False
    logger.setLevel(logging.INFO)
    structlog.configure(
        processors=[render],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def render(_logger: Any, _level: str, event: MutableMapping[str, Any]) -> str:
    name = event.pop("event")
    return " ".join([name, *(f"{key}={shown(value)}" for key, value in event.items())])


def shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@contextmanager
def bar(title: str) -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar; the caller tells it (done, total, note). It goes away when the work is done."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as progress:
        task = progress.add_task(title, total=None, note="")

        def tell(done: int, total: int, note: str = "") -> None:
            progress.update(task, completed=done, total=total, note=note)

        yield tell
