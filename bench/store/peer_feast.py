"""The peer: last goods and shop of each example as of its time, by Feast's DuckDB offline store.

    python -m venv bench/.venvs/feast && bench/.venvs/feast/bin/pip install -r bench/requirements-feast.txt
    bench/.venvs/feast/bin/python -m bench.store.peer_feast --events 'FOLDER/events-*.parquet' --examples
    EXAMPLES.parquet

The plain form, and the least work for Feast: a feature view over the event rows as they are, so that each example gets
the one last row of its user. Lists of the last 100 goods would need each row to carry its own list, built beforehand.
The settings are those of Feast's page on the DuckDB store: nothing but its type; no `ttl`, for a history has no age.

The measure takes in planning, reading the event files, the join, and the result as one Arrow table. It leaves out
imports, applying the feature view, and reading the examples, which Feast wants as a pandas frame; the peak includes
what those hold. Feast joins every example with all earlier events of its user and then keeps the last, so its cost
grows with the sum over users of events times examples: the skew of the events decides the figures.

What it returns, seen on a case made by hand: an event at exactly the example's time is taken (`<=`, where a history is
strictly before), and of several events at the same time any one, not always the same in two runs on the same files.
Every example comes back once, repeated examples and those without events (NULL) included, but in another order.
"""

import argparse
import tempfile
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.data_format import ParquetFormat
from feast.types import Int64

from bench.measure import measured, report

FEATURES = ["events:goods_id", "events:shop_id"]


def applied(events: str, folder: Path) -> FeatureStore:
    """A store in the folder with one feature view, over the rows of the event files as they are."""
    config = RepoConfig(
        project="peer",
        provider="local",
        registry=str(folder / "registry.db"),
        offline_store={"type": "duckdb"},
        online_store={"type": "sqlite", "path": str(folder / "online.db")},
        entity_key_serialization_version=3,
    )
    user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.INT64)
    view = FeatureView(
        name="events",
        entities=[user],
        ttl=timedelta(0),  # no limit
        schema=[Field(name=name, dtype=Int64) for name in ("user_id", "goods_id", "shop_id")],
        source=FileSource(path=events, file_format=ParquetFormat(), timestamp_field="event_ts"),
        online=False,
    )
    store = FeatureStore(config=config)
    store.apply([user, view])
    return store


def retrieved(store: FeatureStore, examples: pd.DataFrame) -> pa.Table:
    """The examples with the goods and the shop of the last event of each, as Arrow."""
    return store.get_historical_features(entity_df=examples, features=FEATURES).to_arrow()


def main() -> None:
    parser = argparse.ArgumentParser(description="Time Feast's point-in-time join.")
    parser.add_argument("--events", required=True, help="Parquet files of events, as a glob")
    parser.add_argument("--examples", required=True, help="a Parquet file of user_id, event_timestamp")
    asked = parser.parse_args()
    examples = pd.read_parquet(asked.examples)
    with tempfile.TemporaryDirectory() as folder:
        store = applied(asked.events, Path(folder))
        with measured() as figures:
            rows = retrieved(store, examples).num_rows
    print(report(figures, rows))


if __name__ == "__main__":
    main()
