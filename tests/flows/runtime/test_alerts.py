"""A night that failed is posted to a webhook, whose address is nowhere to be read."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import din
import features
from features import Store, StoreConfig, Summary
from flows.runtime import alerts
from flows.runtime.alerts import AlertConfig, with_webhook
from flows.settings import load_settings
from tests.conftest import Said

NightRank = Callable[..., Said]
SECRET = "d0n-t-tell"  # noqa: S105 - part of an address in this test
NIGHT = (date(2025, 3, 21), "nightly-2025-03-21-1")
TOLD = datetime(2025, 3, 22, 1, 30)


@dataclass
class Hook:
    """A webhook on this machine: what it got, and what it answers in turn; 204 when it has no answer left."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    got: list[tuple[str, Any]] = field(default_factory=list)


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.got.append((self.headers["Content-Type"], json.loads(body)))
            self.send_response(made.answers.pop(0) if made.answers else 204)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - as http.server names it
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        made.url = f"http://127.0.0.1:{server.server_port}/{SECRET}"
        yield made
        server.shutdown()


def tell(summary: Summary, **config: Any) -> None:
    with_webhook(AlertConfig(**config), Store(Path("/srv/shop"), StoreConfig()), lambda _: None)(summary)


def test_a_night_that_fails_is_posted_with_what_to_do_and_its_address_is_written_nowhere(
    own_store: Path, nightrank: NightRank, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise features.FeatureError("the disk is full")

    monkeypatch.setattr(din, "rank", broken, raising=False)
    monkeypatch.setenv("NIGHTRANK_ALERTS__WEBHOOK_URL", hook.url)

    said = nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store)

    assert said.code == 1
    assert hook.got == [
        (
            "application/json",
            {
                "state": "FAILED_KEPT_YESTERDAY",
                "ds": "2025-03-21",
                "store": "own",
                "sentence": "the night of 2025-03-21 failed in rankings; yesterday stays published: the disk is full",
                "advice": [f"put right what it says, then: nightrank nightly --ds 2025-03-21 --store {own_store}"],
            },
        )
    ]
    holding = [path for path in own_store.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert (SECRET in said.err + said.out, holding) == (False, [])


@pytest.mark.parametrize(
    ("answers", "posts", "line"),
    [
        ([500], 2, "webhook_told state=FAILED ds=2025-03-21"),
        ([500, 404], 2, "webhook_not_told state=FAILED ds=2025-03-21 error=it answered 404 tries=2"),
        ([302, 302], 2, "webhook_not_told state=FAILED ds=2025-03-21 error=it answered 302 tries=2"),
    ],
)
def test_a_webhook_is_tried_twice_and_whatever_it_answers_stops_nothing(
    hook: Hook, answers: list[int], posts: int, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    hook.answers = answers

    with caplog.at_level("INFO", logger="nightrank"):
        tell(Summary(*NIGHT, "FAILED", "champion", "no model", TOLD), webhook_url=hook.url)

    assert (len(hook.got), caplog.messages) == (posts, [line])


@pytest.mark.parametrize("url", [f"http://127.0.0.1:1/{SECRET}", f"http://[/{SECRET}", f"https://no where/{SECRET}"])
def test_a_webhook_that_is_not_there_is_a_warning_without_its_address(
    url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "TIMEOUT_SECONDS", 0.5)

    tell(Summary(*NIGHT, "FAILED", "champion", "no model", TOLD), webhook_url=url)

    [said] = caplog.messages
    assert said.startswith("webhook_not_told state=FAILED ds=2025-03-21 error=")
    assert SECRET not in said


def test_warnings_are_posted_where_that_is_asked_for(hook: Hook) -> None:
    warned = Summary(*NIGHT, "OK_WITH_WARNINGS", None, None, TOLD, advice=["day_had_events: look"])

    tell(Summary(*NIGHT, "OK", None, None, TOLD), webhook_url=hook.url, on_warnings=True)
    tell(warned, webhook_url=hook.url)
    assert hook.got == []

    tell(warned, webhook_url=hook.url, on_warnings=True)
    assert [body["state"] for _, body in hook.got] == ["OK_WITH_WARNINGS"]


def test_an_address_in_the_file_of_settings_is_refused_without_being_told(tmp_path: Path) -> None:
    (tmp_path / "nightrank.toml").write_text(f'[alerts]\nwebhook_url = "https://example.com/{SECRET}"\n')

    with pytest.raises(features.FeatureError) as refused:
        load_settings(tmp_path)

    assert str(refused.value) == (
        f"settings ({tmp_path / 'nightrank.toml'}): alerts.webhook_url is a secret; take it out of this file, and set "
        "NIGHTRANK_ALERTS__WEBHOOK_URL in the environment"
    )


def test_an_address_that_is_none_is_refused_without_being_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTRANK_ALERTS__WEBHOOK_URL", f"file:///{SECRET}")

    with pytest.raises(features.FeatureError) as refused:
        load_settings(tmp_path)

    assert "webhook_url must begin with https:// or http://" in str(refused.value)
    assert SECRET not in str(refused.value)
    assert SECRET not in repr(AlertConfig(f"https://{SECRET}"))
