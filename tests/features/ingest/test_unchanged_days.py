"""A source read again: days that come unchanged are skipped, and the store is the same as if they were read."""

import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

import features
from features import IngestConfig, StoreConfig, Warehouse
from tests.conftest import NOW, Desk
from tests.features.sequences.oracle import Row
from tests.features.sequences.test_oracle import COLUMNS, QUERY, some_rows

WHOLE = ("1990-01-01", "2025-12-31")
STORE = (
    "select asset, ds, bucket, sha256 from ops.files order by all",
    "select asset, ds, rows_in, rows, duplicates, quarantined, fingerprint from ops.intervals order by all",
    "from ops.event_rows order by all",
    "select asset, ds, rows_held, rows_returned from ops.days_held_back order by all",
    "from ops.refused_rows order by all",
    "select asset, ds, rows, digest from ops.days_given order by all",
    "from entities.users order by all",
    "from entities.goods order by all",
    "from entities.shops order by all",
    "from ops.late order by all",
)


def contents(desk: Desk) -> list[list[tuple]]:
    with desk.open() as warehouse:
        return [warehouse.con.execute(query).fetchall() for query in STORE]


def read(desk: Desk, rows: list[Row], days_by: str, name: str = "clicks") -> features.IngestResult:
    given = [(row.user, row.goods, row.shop, row.kind, row.ts, row.known, row.event_id, row.weight) for row in rows]
    source = desk.source(given, COLUMNS, f"-- days by {days_by}\n{QUERY}", name)
    with desk.open() as warehouse:
        return desk.ingest(warehouse, source, *WHOLE)


def forget(desk: Desk, user: int) -> None:
    features.erase_user(desk.store, str(user), lambda: NOW, lambda *_: ([], []))


def changed(pick: random.Random, rows: list[Row]) -> list[Row]:
    """The rows with some taken away, some altered and some new, all of few days."""
    days = {date(2025, 3, 6) + timedelta(days=pick.randrange(8)) for _ in range(2)}
    found = []
    for row in rows:
        if row.ts and row.ts.date() in days and pick.random() < 0.4:
            found += pick.choice([[], [replace(row, goods=pick.randrange(10, 20))], [row, row]])
        else:
            found.append(row)
    pick.shuffle(found)
    return found


def walk(desk: Desk, seed: int) -> list[list[list[tuple]]]:
    """What the store holds after each of several reads, between which the source, settings and people change."""
    pick, held = random.Random(seed), []
    first, other = some_rows(pick, 9), some_rows(pick, 9)
    by = "known_at" if any(row.known for row in first) and pick.random() < 0.5 else "event_ts"
    desk = replace(desk, ingestion=IngestConfig(exact_duplicates=pick.choice(["keep", "collapse"])))
    read(desk, first, by)
    read(desk, other, "event_ts", "other")
    second = changed(pick, first)
    third = [row for row in changed(pick, second) if not row.ts or row.ts.day != pick.randrange(6, 20)]
    for rows in (second, third):
        read(desk, rows, by)
        held.append(contents(desk))
    forget(desk, 3)
    fourth = changed(pick, third)
    for rows in (third, fourth):
        read(desk, rows, by)
        read(desk, other, "event_ts", "other")
        held.append(contents(desk))
    desk = replace(desk, ingestion=IngestConfig(use_known_at=pick.random() < 0.5, exact_duplicates="keep"))
    read(desk, fourth, by)
    read(desk, changed(pick, fourth), by)
    return [*held, contents(desk)]


@pytest.mark.parametrize("seed", range(2))
def test_a_read_that_skips_unchanged_days_leaves_the_same_store_as_one_that_does_not(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = random.Random(seed).choice(["UTC", "Asia/Kathmandu", "America/Sao_Paulo"])
    desks = [Desk(tmp_path / name, StoreConfig(timezone=zone, buckets=2)) for name in ("skips", "reads")]
    for desk in desks:
        desk.folder.mkdir()
    monkeypatch.setattr("features.ingest.ingest_events.ROWS_PER_BATCH", random.Random(seed).choice([20, 4_000_000]))

    skipping = walk(desks[0], seed)
    monkeypatch.setattr("features.ingest.ingest_events.unchanged_days", lambda *_: None)

    assert walk(desks[1], seed) == skipping


ROWS = [Row(user, 10, 5, "buy", datetime(2025, 3, day, 9)) for day in (6, 7, 8) for user in range(1, 31)]


def test_only_the_day_that_changed_is_read_again(desk: Desk) -> None:
    read(desk, ROWS, "event_ts")

    again = read(desk, [*ROWS, Row(7, 11, 5, "buy", datetime(2025, 3, 7, 9))], "event_ts")

    assert (again.rows_in, again.days, again.unchanged, again.held_back) == (91, 3, 2, [])


def test_rows_in_another_order_are_no_change(desk: Desk) -> None:
    read(desk, ROWS, "event_ts")

    assert read(desk, ROWS[::-1], "event_ts").unchanged == 3


def test_an_exact_repeat_in_place_of_another_is_a_change(desk: Desk) -> None:
    one, other = (Row(user, 10, 5, "buy", datetime(2025, 3, 6, 9)) for user in (1, 2))
    read(desk, [one, one, other, other], "event_ts")

    assert read(desk, [one, one, one, one], "event_ts").unchanged == 0


def test_a_lake_file_that_is_damaged_makes_every_day_be_read_again(desk: Desk) -> None:
    read(desk, ROWS, "event_ts")
    with desk.open() as warehouse:
        [file, *_] = warehouse.files("events.clicks", date(2025, 3, 6), date(2025, 3, 8))
    whole = (desk.store.lake / file.path).read_bytes()
    (desk.store.lake / file.path).write_bytes(b"damaged")

    assert read(desk, ROWS, "event_ts").unchanged == 0
    assert (desk.store.lake / file.path).read_bytes() == whole


def test_a_changed_setting_or_query_makes_every_day_be_read_again(desk: Desk) -> None:
    read(desk, ROWS, "event_ts")
    collapsing = replace(desk, ingestion=IngestConfig(exact_duplicates="collapse"))

    assert read(collapsing, ROWS, "event_ts").unchanged == 0
    assert read(collapsing, ROWS, "event_ts").unchanged == 3


def test_no_digest_holds_the_rows_of_a_forgotten_person(desk: Desk) -> None:
    read(desk, ROWS, "event_ts")

    forget(desk, 7)
    with desk.open() as warehouse:
        assert digests(warehouse) == [(90, 0)]  # rows of days given, and digests

    assert read(desk, ROWS, "event_ts").unchanged == 0
    assert read(desk, ROWS, "event_ts").unchanged == 3
    before = digests_of(desk)
    assert digests_of_others(desk) == before


def digests_of(desk: Desk) -> list[tuple]:
    with desk.open() as warehouse:
        return warehouse.con.execute("select ds, digest from ops.days_given order by ds").fetchall()


def digests_of_others(desk: Desk) -> list[tuple]:
    """The digests of a source that never gave a row of user 7."""
    read(desk, [row for row in ROWS if row.user != 7], "event_ts")
    return digests_of(desk)


def digests(warehouse: Warehouse) -> list[tuple]:
    return warehouse.con.execute("select sum(rows)::bigint, count(digest) from ops.days_given").fetchall()
