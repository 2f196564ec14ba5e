"""What one process serves is what prefect.yaml says; tests/flows/deployments/test_deployments.py lets it run."""

from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest

from features import FeatureError
from flows.deployments.serve import (
    read_file,
    run_serve,
    settings_of,
    show_next_runs,
    to_deployment,
    warn_of_other_zones,
)

FILE = Path(__file__).parents[3] / "prefect.yaml"


def test_every_deployment_is_served_by_the_schedules_of_the_file() -> None:
    given = read_file(FILE)

    served = [to_deployment(one, Path("/srv/shop")) for one in given]

    assert [
        (one.name, one.entrypoint, one.parameters, [schedule.schedule.cron for schedule in one.schedules or []])  # type: ignore[union-attr]
        for one in served
    ] == [
        ("nightly", "flows.deployments.flows.nightly", {"store": "/srv/shop"}, ["30 1 * * *"]),
        ("train", "flows.deployments.flows.train", {"store": "/srv/shop", "older_than_days": 7}, ["0 4 * * *"]),
        ("backfill", "flows.deployments.flows.backfill", {"store": "/srv/shop"}, []),
        ("housekeeping", "flows.deployments.flows.housekeeping", {"store": "/srv/shop"}, ["0 6 * * 0"]),
    ]
    assert settings_of(given) == {
        "NIGHTRANK_STORE__WAIT_SECONDS": "7200",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }


def test_a_file_without_deployments_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("name: other")

    with pytest.raises(FeatureError, match=r"nowhere\.yaml: cannot be read .* name the prefect.yaml of nightrank"):
        read_file(tmp_path / "nowhere.yaml")
    with pytest.raises(FeatureError, match=r"empty\.yaml: has no deployments; name the prefect.yaml of nightrank"):
        read_file(tmp_path / "empty.yaml")


def test_without_a_server_there_is_nothing_to_serve_for(tmp_path: Path) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with (
        temporary_settings(restore_defaults={PREFECT_API_URL}),
        pytest.raises(FeatureError, match="there is no server to serve for; start one, and set PREFECT_API_URL"),
    ):
        run_serve(FILE, tmp_path)


class SilentServer:
    """A server whose scheduler creates no run."""

    def read_flow_runs(self, **_: Any) -> list[Any]:
        return []


def test_a_server_that_schedules_nothing_is_an_error_that_names_what_never_runs() -> None:
    given = read_file(FILE)
    served = {one["name"]: uuid4() for one in given}

    with pytest.raises(FeatureError, match=r"has scheduled no run of nightly, train, housekeeping within 0 seconds"):
        show_next_runs(cast(Any, SilentServer()), given, served, patience_seconds=0)


def test_a_nightly_schedule_in_another_time_zone_than_the_store_is_warned_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    warn_of_other_zones(read_file(FILE), "UTC")
    assert capsys.readouterr().err == ""

    warn_of_other_zones(read_file(FILE), "Africa/Cairo")
    assert capsys.readouterr().err == (
        "nightrank: the schedule of nightly is in UTC, and store.timezone is Africa/Cairo; "
        "write timezone: Africa/Cairo in prefect.yaml, and start serve again\n"
    )


def test_a_server_that_does_not_answer_is_named_with_what_to_start(tmp_path: Path) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}),
        pytest.raises(
            FeatureError, match=r"PREFECT_API_URL is http://127\.0\.0\.1:9/api: no answer .*prefect server start"
        ),
    ):
        run_serve(FILE, tmp_path)
