"""Short ways to read a source query over files of a test."""

from datetime import date, datetime
from pathlib import Path

import pytest

import features
from features import FeatureError, Warehouse
from tests.conftest import Desk

ROOT = Path(__file__).parents[3]
ROWS = [(user, 10 + user, 7, "buy", datetime(2025, 3, user, 10)) for user in (1, 2, 3)]
DAYS = ("2025-03-01", "2025-03-03")
NAMES = ("user_id", "goods_id", "shop_id", "event_type", "event_ts")
TYPES = str(dict(zip(NAMES, ("BIGINT", "BIGINT", "BIGINT", "VARCHAR", "TIMESTAMP"), strict=True)))
HEADER = "user_id,goods_id,shop_id,event_type,event_ts\n"


def source(folder: Path, query: str, path: Path | str | None, kind: str = "events") -> features.Source:
    (folder / "clicks.sql").write_text(query)
    return features.find_source(str(folder / "clicks.sql"), kind, str(path) if path else None)


def refusal(desk: Desk, warehouse: Warehouse, query: str, path: Path | str | None) -> str:
    """What an ingestion says that reads nothing."""
    with pytest.raises(FeatureError) as refused:
        desk.ingest(warehouse, source(desk.folder, query, path), *DAYS)
    return str(refused.value)


def kept(desk: Desk, warehouse: Warehouse, query: str, path: Path | str | None) -> int:
    return desk.ingest(warehouse, source(desk.folder, query, path), *DAYS).rows


def ingest_kind(warehouse: Warehouse, given: features.Source) -> features.IngestResult:
    """Reads a source of goods or of impressions."""
    if given.kind == "goods":
        return features.ingest_goods(warehouse, given)
    return features.ingest_impressions(warehouse, given, date(2025, 3, 1), date(2025, 3, 3), features.IngestConfig())
