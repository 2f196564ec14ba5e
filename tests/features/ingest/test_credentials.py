"""Credentials: from the environment, and in no record, error or log."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

import features
from features import FeatureError, StoreConfig, Warehouse
from features.ingest.readers.credentials import reject_credentials
from features.ops.erasure import scan
from tests.conftest import QUERY, Desk, Said, month_of_events, write_events

SECRET = "hunter2-4711-hunter2"  # noqa: S105 - nobody's
PERSON = scan.Person(SECRET, is_text=True, user_key=None)
DAY = "2025-03-01"
MENDED = (
    "is a credential, and the store would keep it; put it into the environment, and its name into --path, as in "
    "${SHOP_TOKEN} (docs/sources.md)"
)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (f"https://shop.example/a.parquet?sig={SECRET}", "?sig="),
        (f"https://shop.example/a.parquet?day=1&X-Amz-Signature={SECRET}", "&X-Amz-Signature="),
        (f"s3://shop/a.parquet?s3_region=eu&s3_secret_access_key={SECRET}", "&s3_secret_access_key="),
        (f"https://shop:{SECRET}@shop.example/a.csv", "https://shop:"),
        (f"select * from read_csv('https://shop.example/a.csv?access_token={SECRET}')", "?access_token="),
    ],
)
def test_a_credential_that_the_store_would_keep_is_refused_and_not_repeated(text: str, where: str) -> None:
    with pytest.raises(FeatureError) as refused:
        reject_credentials("clicks", text)

    assert str(refused.value) == f"source clicks: what follows {where} {MENDED}"


@pytest.mark.parametrize(
    "text",
    [
        "https://shop.example/a.parquet?sig=${SHOP_TOKEN}",
        "https://${SHOP_USER}:${SHOP_TOKEN}@shop.example/a.csv",
        "s3://shop/key=5/a.parquet",
        "select password, token as event_id from read_parquet($path)",
    ],
)
def test_a_credential_that_is_named_and_what_is_none_pass(text: str) -> None:
    reject_credentials("clicks", text)


def test_a_source_whose_path_or_query_holds_a_credential_is_not_remembered(desk: Desk, warehouse: Warehouse) -> None:
    source = desk.source([(1, 10, 1, "buy", "2025-03-01 10:00:00")])
    path = f"https://shop.example/a.parquet?sig={SECRET}"
    query = source.query.replace("$path", f"'{path}'")

    for holding in (features.Source("clicks", "events", source.query, path), features.Source("a", "events", query, "")):
        with pytest.raises(FeatureError, match=r"what follows \?sig= is a credential"):
            desk.ingest(warehouse, holding, DAY, DAY)

    assert warehouse.run("ledger/sources", kind="events") == []


def test_a_path_is_filled_in_from_the_environment_and_kept_by_its_names(
    desk: Desk, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = desk.source([(1, 10, 1, "buy", "2025-03-01 10:00:00")])
    named = features.Source("clicks", "events", source.query, str(desk.folder / "${SHOP_TOKEN}" / "clicks.parquet"))
    with pytest.raises(FeatureError, match=r"^source clicks: SHOP_TOKEN, which its path names, is not set in the env"):
        desk.ingest(warehouse, named, DAY, DAY)
    monkeypatch.setenv("SHOP_TOKEN", SECRET)
    with pytest.raises(FeatureError) as gone:
        desk.ingest(warehouse, named, DAY, DAY)
    (desk.folder / SECRET).mkdir()
    (desk.folder / "clicks.parquet").rename(desk.folder / SECRET / "clicks.parquet")

    assert desk.ingest(warehouse, named, DAY, DAY).rows == 1
    assert [source.path for source in features.registered_sources(warehouse, "events")] == [named.path]
    assert str(gone.value) == (
        f'source clicks: IO Error: No files found that match the pattern "{named.path}"; say where the file is: '
        "nightrank ingest clicks --path PATH"
    )
    assert gone.value.__cause__ is None


def test_an_extension_is_asked_for_and_never_fetched(
    desk: Desk, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(desk.folder))  # where DuckDB keeps them
    source = features.Source("clicks", "events", QUERY, "https://127.0.0.1:9/clicks.parquet")

    with pytest.raises(FeatureError) as refused:
        desk.ingest(warehouse, source, DAY, DAY)

    assert str(refused.value) == (
        "source clicks: it needs DuckDB's extension httpfs, which nightrank does not fetch; install it once, as the "
        "user who runs this: duckdb -c 'install httpfs'"
    )
    assert not (desk.folder / ".duckdb").exists()


def every_value(path: Path) -> str:
    """All that the tables of a DuckDB file hold, as text."""
    with duckdb.connect(str(path), read_only=True) as con:
        tables = con.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        return str([con.table(f'"{schema}"."{table}"').fetchall() for schema, table in tables])


def test_no_file_of_a_store_and_no_line_of_its_log_holds_a_secret_of_the_environment(
    own_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nightrank: Callable[..., Said]
) -> None:
    for name in ("PREFECT_API_AUTH_STRING", "AWS_SECRET_ACCESS_KEY", "SHOP_TOKEN"):
        monkeypatch.setenv(name, SECRET)
    (tmp_path / "visits.sql").write_text(QUERY)
    ingest = ("ingest", tmp_path / "visits.sql", "--path", tmp_path / "${SHOP_TOKEN}" / "a.parquet")
    night = ("nightly", "--plain", "--ds", "2025-03-21")

    failed = nightrank(*ingest, "--store", own_store)
    (tmp_path / SECRET).mkdir()
    write_events(tmp_path / SECRET / "a.parquet", month_of_events())
    said = [failed, *(nightrank(*words, "--store", own_store) for words in (ingest, night, ("status",)))]
    held = scan.scan(features.Store(own_store, StoreConfig()), PERSON, SECRET.encode())

    assert [one.code for one in said] == [1, 0, 0, 0]
    assert [one for one in said if SECRET in one.out + one.err] == []
    assert (held.hits, held.files > 50, held.bytes_searched) == ([], True, True)
    assert [path for path in own_store.rglob("*.duckdb") if SECRET in every_value(path)] == []
