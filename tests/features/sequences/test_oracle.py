"""The store against an oracle in plain Python, over ties, NULLs, duplicates, late events, empty days and day edges:
built at once, day by day in chunks, again, shuffled, on one thread or two, in one bucket or eight, it answers the same.

And the other way round: each bug that is planted here is found by the same comparison.
"""

import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import features
from features import SequenceConfig, StoreConfig, Warehouse
from features.ingest import event_files as events_module
from features.ingest import ingest_events as ingestion_module
from features.sequences import history_merge as merge_module
from features.sequences import history_slices as slices_module
from features.sequences import point_in_time as holes_module
from features.sequences import range_ops as ranges_module
from features.sequences.history_slices import GROUPS, select_group, slice_histories
from features.sequences.point_in_time import visibility_of
from features.store import sql_files as sql_files
from tests.conftest import Desk
from tests.features.sequences.oracle import Read, Row, Wanted, sequence

FIRST = date(2025, 3, 6)  # a Thursday: the days cross a Sunday, whose files the days after it build on
DAYS = [FIRST + timedelta(days=n) for n in range(8)]
START = datetime(2025, 3, 6)
COLUMNS = (
    "user_id bigint, goods_id bigint, shop_id bigint, event_type varchar, event_ts timestamp, known_at timestamp,"
    " event_id bigint, weight double"
)
QUERY = "select * from read_parquet($path)"
KINDS = ("click", "buy")


@dataclass(frozen=True)
class Case:
    """Rows, how their source is read, and what the sequences keep."""

    rows: list[Row]
    days_by: str
    config: SequenceConfig
    chunks: list[int]

    def wanted(self, part: str) -> Wanted:
        own = getattr(self.config, part)
        return Wanted(own.length, own.max_age_days, own.event_types, own.dedup_seconds)


def some_rows(pick: random.Random, users: int) -> list[Row]:
    """Rows with what goes wrong in real sources, from few values so that they meet: times tie and stand on midnight,
    ids are missing, events are known late and delivered again."""
    moments = [START + timedelta(days=pick.randrange(8), hours=pick.randrange(24)) for _ in range(12)]
    moments += [START + timedelta(days=n, microseconds=shift) for n in range(1, 8) for shift in (-1, 0, 1)]
    rows = []
    with_known, with_ids, with_weights = pick.random() < 0.7, pick.random() < 0.5, pick.random() < 0.5
    for number in range(pick.randrange(40, 160)):
        ts = pick.choice(moments) if pick.random() < 0.8 else START + timedelta(seconds=pick.randrange(8 * 86400))
        if pick.random() < 0.1 and rows:
            ts = (rows[-1].ts or ts) + timedelta(seconds=pick.randrange(60))
        delay = pick.choice([timedelta(), timedelta(hours=1), timedelta(days=2, hours=3), timedelta(hours=-1)])
        known = ts + delay if with_known else None
        if with_known and pick.random() < 0.2:
            known = datetime(ts.year, ts.month, ts.day) + timedelta(days=pick.randrange(1, 3))
        row = Row(
            pick.randrange(1, users + 1) if pick.random() < 0.97 else None,
            pick.randrange(10, 14) if pick.random() < 0.85 else None,
            pick.randrange(5, 8) if pick.random() < 0.85 else None,
            pick.choice(KINDS),
            ts if pick.random() < 0.98 else None,
            known if pick.random() < 0.9 or not with_known else None,
            number if with_ids and pick.random() < 0.9 else None,
            pick.choice([None, 1.0, 2.5, 0.0, -1.0]) if with_weights else None,
        )
        rows.append(row)
        if pick.random() < 0.1 and row.ts is not None and (row.event_id is None or row.known is not None):
            later = (row.known or row.ts) + timedelta(days=1)
            again = row if row.event_id is None else replace(row, goods=99, known=later)
            rows.append(again)
    return rows


def some_config(pick: random.Random) -> SequenceConfig:
    return SequenceConfig(
        goods_length=pick.choice([1, 3, 100]),
        shop_length=pick.choice([2, 100]),
        goods_max_age_days=pick.choice([0, 0, 2]),
        shop_max_age_days=pick.choice([0, 3]),
        goods_event_types=pick.choice([(), ("buy",)]),
        shop_event_types=pick.choice([(), ("click", "never seen")]),
        goods_dedup_seconds=pick.choice([0, 3600]),
        shop_dedup_seconds=pick.choice([0, 0, 60]),
    )


def some_case(seed: int, users: int = 9) -> Case:
    pick = random.Random(seed)
    rows = some_rows(pick, users)
    by = "known_at" if any(row.known for row in rows) and pick.random() < 0.5 else "event_ts"
    if by == "known_at":
        rows = [row for row in rows if row.known is not None]
    cuts = sorted(pick.sample(range(1, 8), pick.randrange(4)))
    return Case(rows, by, some_config(pick), cuts)


def fill(desk: Desk, warehouse: Warehouse, case: Case, rows: list[Row], chunks: list[int]) -> None:
    """Reads the rows in chunks of days, each followed by the sequences of its last night; then every night's."""
    given = [(row.user, row.goods, row.shop, row.kind, row.ts, row.known, row.event_id, row.weight) for row in rows]
    source = desk.source(given, COLUMNS, f"-- days by {case.days_by}\n{QUERY}")
    for start, end in zip([0, *chunks], [*chunks, 30], strict=True):
        first, last = FIRST + timedelta(days=start), FIRST + timedelta(days=end - 1)
        desk.ingest(warehouse, source, str(first), str(last))
        build(warehouse, last, case.config)
    for day in DAYS:
        build(warehouse, day, case.config)


def build(warehouse: Warehouse, day: date, config: SequenceConfig) -> None:
    if warehouse.files("events.%", FIRST, day):
        features.build_histories(warehouse, day)
        features.build_sequences(warehouse, day, config)


Answer = dict[tuple[date, str, int], list[tuple]]


def answers(warehouse: Warehouse) -> Answer:
    """Every sequence of every night by its user, as ids, types and times."""
    names = {
        table: dict(warehouse.con.execute(f"select {key}, {name} from entities.{table}").fetchall())
        for table, key, name in (
            ("users", "user_key", "user_id"),
            ("goods", "goods_key", "goods_id"),
            ("shops", "shop_key", "shop_id"),
            ("event_types", "type_key", "event_type"),
        )
    }
    found: Answer = {}
    for day in DAYS:
        for part in GROUPS:
            if not warehouse.files(f"{part}_sequences", day, day):
                continue
            ids = names["goods" if part == "goods" else "shops"]
            for bucket in range(warehouse.store.config.buckets):
                frame = features.load_sequences(warehouse, day, part, bucket)
                for user, keys, types, moments in frame.rows():
                    events = zip(keys, types, moments, strict=True)
                    found[day, part, names["users"][user]] = [
                        (ids[key], names["event_types"][kind], ts) for key, kind, ts in events
                    ]
    return found


def expected(case: Case, reads: list[Read] | None = None) -> Answer:
    users = {row.user for row in case.rows if row.user is not None}
    found = {
        (day, part, user): sequence(case.rows, user, part, midnight(day), case.wanted(part), reads)
        for day in DAYS
        for part in GROUPS
        for user in users
    }
    return {key: events for key, events in found.items() if events}


def midnight(day: date) -> datetime:
    """The end of a day."""
    return datetime(day.year, day.month, day.day) + timedelta(days=1)


def bytes_of(warehouse: Warehouse) -> list[tuple]:
    return warehouse.con.execute(
        "select asset, ds, bucket, sha256 from ops.files where asset in ('histories', 'goods_sequences',"
        " 'shop_sequences') or starts_with(asset, 'events.') order by all"
    ).fetchall()


def in_a_store(case: Case, rows: list[Row], chunks: list[int], buckets: int, threads: int) -> tuple[Answer, list]:
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), StoreConfig(buckets=buckets, threads=threads))
        with desk.open() as warehouse:
            fill(desk, warehouse, case, rows, chunks)
            return answers(warehouse), bytes_of(warehouse)


@contextmanager
def few_at_once() -> Iterator[None]:
    """What is done in portions, where there is too much for memory, is done in tiny ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingestion_module, "ROWS_PER_BATCH", 5)
        patch.setattr(events_module, "DAYS_PER_PASS", 2)
        patch.setattr(holes_module, "PLACES_PER_PASS", 7)
        patch.setattr(ranges_module, "VALUES_PER_PASS", 3)
        yield


CI = settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@CI
@given(seed=st.integers(0, 2**32))
def test_at_once_and_day_by_day_and_shuffled_the_store_answers_as_the_oracle(seed: int) -> None:
    case = some_case(seed)
    shuffled = random.Random(seed).sample(case.rows, len(case.rows))

    at_once, whole_bytes = in_a_store(case, case.rows, [], buckets=2, threads=1)
    with few_at_once():
        by_chunks, chunk_bytes = in_a_store(case, shuffled, case.chunks, buckets=2, threads=2)
    in_eight, _ = in_a_store(case, shuffled, [], buckets=8, threads=2)
    in_one, _ = in_a_store(case, case.rows, [], buckets=1, threads=2)

    assert at_once == expected(case)
    assert by_chunks == at_once
    assert in_eight == at_once
    assert in_one == at_once
    assert chunk_bytes == whole_bytes


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_at_any_moment_a_history_is_what_the_oracle_finds(seed: int) -> None:
    case = some_case(seed, users=5)
    pick = random.Random(seed)
    moments = [row.ts for row in case.rows if row.ts] + [row.known for row in case.rows if row.known]
    asked = [(pick.randrange(1, 7), pick.choice(moments)) for _ in range(150)]

    with few_at_once():
        found = at_moments(case, asked)

    assert found == [
        {part: sequence(case.rows, user, part, moment, case.wanted(part)) for part in GROUPS} for user, moment in asked
    ]


def at_moments(case: Case, asked: list[tuple[int, datetime]]) -> list[dict]:
    """What the slices of one load of all histories hold for users at moments."""
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), StoreConfig(buckets=1, threads=2))
        with desk.open() as warehouse:
            given = [
                (row.user, row.goods, row.shop, row.kind, row.ts, row.known, row.event_id, row.weight)
                for row in case.rows
            ]
            desk.ingest(warehouse, desk.source(given, COLUMNS, QUERY), str(FIRST), "2025-04-30")
            last = date(2025, 4, 30)
            features.build_histories(warehouse, last)
            histories = features.load_histories(warehouse, last)
            users = dict(warehouse.con.execute("select user_id, user_key from entities.users").fetchall())
            keys = np.array([users.get(user, 10_000) for user, _ in asked], np.int32)
            as_of = np.array([moment for _, moment in asked], "datetime64[us]").astype(np.int64)
            moments = visibility_of(histories, keys, as_of)
            found: list[dict] = [{} for _ in asked]
            for part in GROUPS:
                table = "goods" if part == "goods" else "shops"
                ids = dict(warehouse.con.execute(f"select {part}_key, {part}_id from entities.{table}").fetchall())
                kinds = dict(warehouse.con.execute("select type_key, event_type from entities.event_types").fetchall())
                slices = slice_histories(select_group(warehouse, histories, part, getattr(case.config, part)), moments)
                assert slices.type_keys is not None
                for row, (start, end) in enumerate(zip(slices.start, slices.end, strict=True)):
                    found[row][part] = [
                        (ids[slices.keys[i]], kinds[slices.type_keys[i]], np.datetime64(int(slices.ts[i]), "us").item())
                        for i in range(start, end)
                    ]
            return found


def some_reads(pick: random.Random) -> list[Read]:
    """Reads of a catalogue on some days: of some items, with a shop, or with nothing to say."""
    days = sorted(pick.sample(range(8), pick.randrange(1, 5)))
    of_items = [{goods: pick.choice([5, 6, 8, None]) for goods in range(10, 14) if pick.random() < 0.7} for _ in days]
    return [Read(FIRST + timedelta(days=day), shops) for day, shops in zip(days, of_items, strict=True)]


def read_catalogue(warehouse: Warehouse, desk: Desk, read: Read) -> None:
    shops = [f"({goods}, {'null' if shop is None else shop})" for goods, shop in [*read.shops.items(), (98, 5)]]
    path = desk.folder / "stock.sql"
    path.write_text(
        f"select goods_id, shop_id::bigint as shop_id from (values {', '.join(shops)}) as o(goods_id, shop_id)"
    )
    at_noon = replace(warehouse, clock=lambda: midnight(read.day) - timedelta(hours=12))
    features.ingest_goods(at_noon, features.find_source(str(path), "goods", None))


@CI
@given(seed=st.integers(0, 2**32))
def test_shops_that_the_catalogue_gives_are_those_that_the_oracle_finds(seed: int) -> None:
    case, reads = some_case(seed), some_reads(random.Random(seed))
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), StoreConfig(buckets=2, threads=2))
        with desk.open() as warehouse:
            fill(desk, warehouse, case, case.rows, case.chunks)
            for read in reads:
                read_catalogue(warehouse, desk, read)
            for day in DAYS:
                build(warehouse, day, case.config)
            found = answers(warehouse)

    assert found == expected(case, reads)


def test_a_late_event_rebuilt_where_it_is_seen_gives_the_bytes_of_a_full_build() -> None:
    case = Case(some_case(11).rows, "event_ts", SequenceConfig(goods_length=3), [])
    early = [row for row in case.rows if not (row.ts and row.ts.date() == DAYS[1] and row.user == 3)]
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), StoreConfig(buckets=2, threads=2))
        with desk.open() as warehouse:
            fill(desk, warehouse, case, early, [3])
            before = bytes_of(warehouse)
            fill(desk, warehouse, case, case.rows, [])
            restated, restated_bytes = answers(warehouse), bytes_of(warehouse)

    assert restated_bytes != before
    assert restated == expected(case)


def two_sources_that_tie(desk: Desk, warehouse: Warehouse) -> list[int]:
    """The goods of a user who did two things in one moment, told by two sources, the later-named one first."""
    moment = datetime(2025, 3, 6, 12)
    for name, goods, event_id in (("web", 10, 1), ("app", 11, 2)):
        row = (1, goods, 5, "click", moment, None, event_id, None)
        desk.ingest(warehouse, desk.source([row], COLUMNS, QUERY, name), str(FIRST), str(FIRST))
    features.build_histories(warehouse, FIRST)
    histories = features.load_histories(warehouse, FIRST)
    goods = dict(warehouse.con.execute("select goods_key, goods_id from entities.goods").fetchall())
    return [goods[key] for key in histories.goods_keys]


def test_events_of_two_sources_that_tie_stand_by_event_id(
    desk: Desk, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert two_sources_that_tie(desk, warehouse) == [10, 11]

    monkeypatch.setattr(MERGE, "breaks_tie", lambda _, rows, __: np.zeros(len(rows), bool))
    assert two_sources_that_tie(desk, warehouse) == [11, 10]


# Each planted bug: what it is called, and how it is planted.
def in_sql(name: str, right: str, wrong: str) -> Callable[[pytest.MonkeyPatch], None]:
    def plant(patch: pytest.MonkeyPatch) -> None:
        read = sql_files.read
        assert right in read(name)
        patch.setattr(
            sql_files, "read", lambda other: read(other).replace(right, wrong) if other == name else read(other)
        )

    return plant


def in_python(module: object, name: str, wrong: object) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(module, name, wrong)


def always_right() -> Callable[..., np.ndarray]:
    right = holes_module.segmented_searchsorted
    return lambda values, low, high, target, _side: right(values, low, high, target, "right")


def looks_once() -> Callable[..., tuple]:
    right = holes_module.scan_window

    def satisfied(*asked: Any) -> tuple:
        found, enough = right(*asked)
        return found, np.ones_like(enough)

    return satisfied


EVENTS, SLICES, MERGE, HOLES = events_module, slices_module, merge_module, holes_module
MUTANTS = {
    "order: what came later is laid behind": in_python(
        MERGE, "unsorted_mask", lambda _, source, __: np.zeros(len(source) - 1, bool)
    ),
    "tie: events of one moment stand in the order of their goods": in_python(EVENTS, "ORDER", ("event_ts", "known_at")),
    "day edge: midnight belongs to the day before": in_sql(
        "transforms/cleaned_events", "event_ts >= event_days.second_begins", "event_ts > event_days.second_begins"
    ),
    "watermark: a night sees what is known later": in_sql(
        "transforms/cleaned_events", "when $knowledge then greatest(event_ds, known_by_ds)", "when false then event_ds"
    ),
    "watermark: what is known at the end is not seen": in_sql(
        "transforms/cleaned_events", "known_at > known_days.second_begins", "known_at >= known_days.second_begins"
    ),
    "dedup: every delivery is kept": in_sql("transforms/duplicates_by_id", ") > 1;", ") > 1000;"),
    "dedup: the last delivery is kept": in_sql(
        "transforms/duplicates_by_id",
        "coalesce(known_at, event_ts) asc",
        "coalesce(known_at, event_ts) desc",
    ),
    "NULL id: an event without goods is lost": in_sql(
        "transforms/keyed_events", "left join entities.goods", "inner join entities.goods"
    ),
    "off by one: a sequence is one too long": in_python(SLICES, "max_length", lambda config: config.length + 1),
}
MOMENT_MUTANTS = {
    "strictly before: an event sees itself": in_python(HOLES, "segmented_searchsorted", always_right()),
    "knowledge: nothing behind an unknown event is seen": in_python(SLICES, "gather_visible", lambda *_: iter(())),
    "knowledge: only the end of a history with holes is looked at": in_python(HOLES, "scan_window", looks_once()),
    "off by one: a history is one too long": in_python(SLICES, "max_length", lambda config: config.length + 1),
}
SEEDS = (1, 0, 5)  # the first finds most of them


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_planted_bug_in_a_night_is_found(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTANTS[mutant](monkeypatch)

    assert any(
        in_a_store(case, case.rows, [2, 5], buckets=2, threads=1)[0] != expected(case) for case in map(some_case, SEEDS)
    )


@pytest.mark.parametrize("mutant", MOMENT_MUTANTS)
def test_a_planted_bug_in_a_moment_is_found(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MOMENT_MUTANTS[mutant](monkeypatch)

    for seed in SEEDS:
        case = some_case(seed)
        asked = [(user, row.ts) for row in case.rows for user in (1, 2, 3) if row.ts]
        asked += [(user, row.known) for row in case.rows for user in (1, 2, 3) if row.known]
        wanted = [
            {part: sequence(case.rows, user, part, at, case.wanted(part)) for part in GROUPS} for user, at in asked
        ]
        if at_moments(case, asked) != wanted:
            return
    pytest.fail("nothing was found")
