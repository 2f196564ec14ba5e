"""What a night told -> a webhook, where the night failed: the address is a secret, of the environment alone."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from features import Store, Summary
from features.config import require_between
from flows.runtime.night_summary import Notifier, sentence
from flows.runtime.progress import log

TIMEOUT_SECONDS = 5  # of each try: nobody waits longer for a night that is over
TRIES = 2


@dataclass(frozen=True)
class AlertConfig:
    """Where a night that failed is told of, and with `on_warnings` one that is published with warnings; with no
    `webhook_url`, nowhere. A scheduled night is overdue `overdue_hours` after it was due."""

    webhook_url: str = field(default="", repr=False)
    on_warnings: bool = False
    overdue_hours: float = 2.0

    def __post_init__(self) -> None:
        require_between(self, 0, 8760, "overdue_hours")
        if self.webhook_url and not self.webhook_url.startswith(("https://", "http://")):
            raise ValueError("webhook_url must begin with https:// or http://")


class NoRedirects(HTTPRedirectHandler):
    """A POST that is sent on arrives as a GET, empty: it counts as not delivered."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def with_webhook(config: AlertConfig, store: Store, tell: Notifier) -> Notifier:
    """Tells of a night as `tell` does, and then, where it failed or that is asked for, to the webhook."""

    def told(summary: Summary) -> None:
        tell(summary)
        if config.webhook_url and (summary.failed or (config.on_warnings and summary.advice)):
            send(config.webhook_url, message(summary, store))

    return told


def message(summary: Summary, store: Store) -> dict[str, Any]:
    return {
        "state": summary.state,
        "ds": str(summary.ds),
        "store": store.root.name,
        "sentence": sentence(summary),
        "advice": summary.advice,
    }


def send(url: str, body: dict[str, Any]) -> None:
    """Posts JSON. What goes wrong is a line in the log without the address, and stops nothing."""
    error = ""
    for _ in range(TRIES):
        try:
            given = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310 - http(s)
            with build_opener(NoRedirects).open(given, timeout=TIMEOUT_SECONDS):
                log.info("webhook_told", state=body["state"], ds=body["ds"])
                return
        except HTTPError as refused:
            error = f"it answered {refused.code}"
        except Exception as stopped:  # an address can be wrong in many ways, and none of them is the night's
            error = type(stopped).__name__
    log.warning("webhook_not_told", state=body["state"], ds=body["ds"], error=error, tries=TRIES)
