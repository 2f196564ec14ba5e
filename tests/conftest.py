"""Small stores to test on: events written as rows, read through a source query, as anybody's data would come."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

import features
from features import StoreConfig, Warehouse

os.environ["PREFECT_LOGGING_LEVEL"] = "ERROR"
COLUMNS = "user_id bigint, goods_id bigint, shop_id bigint, event_type varchar, event_ts timestamp"
QUERY = """
select *
from read_parquet($path)
where
    event_ts >= $day_start
    and event_ts < $day_end
"""
NOW = datetime(2026, 1, 2, 3, 4, 5)


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("NIGHTRANK_")]:
        monkeypatch.delenv(name)


def write_events(path: Path, rows: list[tuple], columns: str = COLUMNS) -> Path:
    """Writes rows as a Parquet file with these columns."""
    con = duckdb.connect()
    con.execute(f"create table given ({columns})")
    if rows:
        con.executemany(f"insert into given values ({', '.join('?' * len(rows[0]))})", rows)
    con.execute(f"copy given to '{path}' (format parquet)")
    return path


@dataclass(frozen=True)
class Desk:
    """A store in a temporary folder, and short ways to work on it."""

    folder: Path
    config: StoreConfig

    @property
    def store(self) -> features.Store:
        return features.Store(self.folder / "store", self.config)

    def open(self) -> AbstractContextManager[Warehouse]:
        return features.open_warehouse(self.store, "a test", lambda: NOW)

    def source(self, rows: list[tuple], columns: str = COLUMNS, query: str = QUERY, name: str = "clicks") -> features.Source:
        """A source query over a file with these rows."""
        path = write_events(self.folder / f"{name}.parquet", rows, columns)
        (self.folder / f"{name}.sql").write_text(query)
        return features.find_source(str(self.folder / f"{name}.sql"), "events", str(path))

    def ingest(self, warehouse: Warehouse, source: features.Source, first: str, last: str) -> features.Ingested:
        return features.ingest_events(warehouse, source, date.fromisoformat(first), date.fromisoformat(last))

    def lake_rows(self, warehouse: Warehouse, asset: str, columns: str) -> list[tuple]:
        """The rows of an asset's files, in the order they have within each file."""
        paths = [str(self.store.lake / file.path) for file in warehouse.files(asset, date(1970, 1, 1), date(2100, 1, 1))]
        con = duckdb.connect()
        return [
            row for path in paths for row in con.execute(f"select {columns} from read_parquet(?)", [path]).fetchall()
        ]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, StoreConfig(threads=2, buckets=2))


@pytest.fixture
def desk_with(tmp_path: Path) -> Callable[..., Desk]:
    def make(**config: object) -> Desk:
        return Desk(tmp_path, StoreConfig(**{"threads": 2, "buckets": 2, **config}))

    return make


@pytest.fixture
def warehouse(desk: Desk) -> Iterator[Warehouse]:
    with desk.open() as opened:
        yield opened
