"""Somebody whom something was shown to, and who has no event: ranked, explained, and held against the day after."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import features
from flows.pipelines.nightly import run_nights
from tests.conftest import Said, write_events

SHOWN = "user_id bigint, goods_id bigint, shop_id bigint, event_ts timestamp, label boolean"
QUERY = "select * from read_parquet($path) where event_ts >= $day_start and event_ts < $day_end"


def test_a_user_without_an_event_is_ranked_what_is_popular_and_counts_as_new(
    own_store: Path, nightrank: Callable[..., Said]
) -> None:
    path = write_events(own_store / "shown.parquet", [(99, 100, 1, datetime(2025, 3, 20, 9), False)], SHOWN)
    (own_store / "shown.sql").write_text(QUERY)
    said = nightrank("ingest", own_store / "shown.sql", "--as", "impressions", "--path", path, "--store", own_store)
    assert said.code == 0, said.err

    nights = run_nights(own_store, date(2025, 3, 21))

    assert [night.users for night in nights] == [13]
    with features.open_published(features.Store(own_store, features.StoreConfig())) as reader:
        assert reader.ask("select distinct unnest(sources) from ranking_for(99)").rows == [("for_new_users",)]
        first = reader.ask("select goods_id from ranking_for(99) where rank = 1").rows[0][0]
    why = nightrank("why", "99", str(first), "--store", own_store)
    assert why.code == 0, why.err
