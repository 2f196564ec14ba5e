"""The ledger -> what would be built, and why; and what is rebuilt so is what a full build gives."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

import features
from features import (
    CandidateConfig,
    ExampleConfig,
    IngestConfig,
    PlannedAsset,
    PlanSettings,
    RankingConfig,
    SequenceConfig,
    StoreConfig,
    Warehouse,
)
from features.store import sql_files
from tests.conftest import COLUMNS, NOW, Desk, small_desk

SHAPING = PlanSettings(
    SequenceConfig(),
    CandidateConfig(),
    ExampleConfig(negative_sampling="popularity"),
    IngestConfig(),
    RankingConfig(),
    window_days=3,
    over=date(2025, 3, 10),
)
LATE = (1, 12, 6, "buy", datetime(2025, 3, 8, 23))
NIGHT = ("goods_sequences", "shop_sequences", "night_goods", "night_pairs", "candidates")
KNOWN = COLUMNS + ", known_at timestamp"


def march(day: int) -> date:
    return date(2025, 3, day)


def rows_of(days: range) -> list[tuple]:
    """Three users who touch three goods in turn, every day. 2025-03-02 and 2025-03-09 are Sundays."""
    return [
        (user, 10 + (user + day) % 3, 5 + (user + day) % 2, "buy", datetime(2025, 3, day, 8 + user))
        for day in days
        for user in (1, 2, 3)
    ]


def planned(
    warehouse: Warehouse, first: int = 7, last: int = 10, shaping: PlanSettings = SHAPING, ok: bool = False
) -> list[PlannedAsset]:
    found = features.plan(warehouse, march(first), march(last), shaping)
    return found if ok else [one for one in found if one.state != "ok"]


def short(found: list[PlannedAsset]) -> list[tuple[int, str, str]]:
    return [(one.ds.day, one.asset, one.state) for one in found]


def build(warehouse: Warehouse, ds: date, asset: str, until: date, shaping: PlanSettings = SHAPING) -> None:
    """Builds one asset as the flows do, with what it needs."""
    features.build_histories(warehouse, ds)
    if asset.endswith("sequences"):
        features.build_sequences(warehouse, ds, shaping.sequences)
    if asset == "night_goods":
        features.build_night_goods(warehouse, ds, shaping.candidates)
    if asset == "night_pairs":
        features.build_night_pairs(warehouse, ds, shaping.candidates)
    if asset == "candidates":
        features.build_candidates(warehouse, ds, shaping.candidates)
    if asset == "examples":
        features.build_histories(warehouse, until)
        features.create_histories_view(warehouse, until)
        features.build_examples(warehouse, ds, until, shaping.examples)


def build_all(warehouse: Warehouse, last: int, shaping: PlanSettings = SHAPING) -> list[tuple[int, str]]:
    """Builds what the plan names up to a day. Returns what the ledger says was built by that, and nothing else."""
    work = replace(warehouse, run_id="backfill-1")
    for one in planned(warehouse, last=last, shaping=shaping):
        build(work, one.ds, one.asset, march(last), shaping)
    found = warehouse.con.execute("select day(ds), asset from ops.intervals where run_id = 'backfill-1'").fetchall()
    warehouse.con.execute("update ops.intervals set run_id = '' where run_id = 'backfill-1'")
    return sorted(found)


def lake(warehouse: Warehouse) -> dict[tuple, str]:
    files = warehouse.files("%", date(1970, 1, 1), date(2100, 1, 1))
    return {(file.asset, file.ds, file.bucket): file.sha256 for file in files}


def ledger(warehouse: Warehouse) -> list[tuple]:
    files = warehouse.con.execute("from ops.files order by all").fetchall()
    return warehouse.con.execute("from ops.intervals order by asset, ds").fetchall() + files


@pytest.fixture(scope="module")
def ten_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of ten days, everything built from the 7th on. Copy it before you change it."""
    desk = small_desk(tmp_path_factory.mktemp("ten"))
    with desk.open() as warehouse:
        desk.ingest(warehouse, desk.source(rows_of(range(1, 11))), "2025-03-01", "2025-03-10")
        build_all(warehouse, 10)
    return desk.store.root


@pytest.fixture
def built(desk: Desk, ten_days: Path) -> Iterator[Warehouse]:
    shutil.copytree(ten_days, desk.store.root, symlinks=True)
    with desk.open() as warehouse:
        yield warehouse


def test_a_store_without_events_has_nothing_to_plan(warehouse: Warehouse) -> None:
    assert planned(warehouse, ok=True) == []


def test_what_is_built_is_ok_asset_by_asset(built: Warehouse) -> None:
    assert planned(built) == []
    assert short(planned(built, 8, 9, ok=True)) == [
        (2, "histories", "ok"),
        (2, "goods_sequences", "ok"),
        (2, "shop_sequences", "ok"),
        (8, "events.clicks", "ok"),
        *((8, asset, "ok") for asset in (*NIGHT, "examples")),
        (9, "events.clicks", "ok"),
        (9, "histories", "ok"),
        *((9, asset, "ok") for asset in (*NIGHT, "examples")),
    ]


def test_a_new_day_touches_only_what_it_must(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source(rows_of(range(1, 10))), "2025-03-01", "2025-03-09")
    build_all(warehouse, 9)

    assert planned(warehouse) == [
        PlannedAsset(
            march(10),
            "events.clicks",
            "missing",
            f"not read yet: nightrank ingest clicks --store {warehouse.store.root}",
        )
    ]

    desk.ingest(warehouse, desk.source(rows_of(range(1, 11))), "2025-03-10", "2025-03-10")

    assert planned(warehouse) == [
        PlannedAsset(march(10), asset, "missing", "never built") for asset in (*NIGHT, "examples")
    ]
    assert build_all(warehouse, 10) == sorted((10, asset) for asset in (*NIGHT, "examples"))
    assert planned(warehouse) == []


def test_a_late_event_makes_stale_every_later_day_that_can_see_it_and_no_other(desk: Desk, built: Warehouse) -> None:
    desk.ingest(built, desk.source([*rows_of(range(1, 11)), LATE]), "2025-03-08", "2025-03-08")

    found = planned(built)

    assert short(found) == [
        (8, "goods_sequences", "stale"),
        (8, "shop_sequences", "stale"),
        (8, "night_goods", "stale"),
        (8, "night_pairs", "stale"),
        (8, "candidates", "stale"),
        (8, "examples", "stale"),
        (9, "histories", "stale"),
        (9, "goods_sequences", "stale"),
        (9, "shop_sequences", "stale"),
        (9, "night_goods", "stale"),
        (9, "night_pairs", "stale"),
        (9, "candidates", "stale"),
        (9, "examples", "stale"),
        (10, "goods_sequences", "stale"),
        (10, "shop_sequences", "stale"),
        (10, "night_goods", "stale"),
        (10, "night_pairs", "stale"),
        (10, "candidates", "stale"),
        (10, "examples", "stale"),
    ]
    reasons = {(one.ds.day, one.asset): one.reason for one in found}
    assert reasons[9, "histories"] == "late events: 1 row more seen by 2025-03-09 than when it was built"
    assert reasons[10, "candidates"] == "late events: 1 row more seen by 2025-03-10 than when it was built"
    assert reasons[8, "examples"] == "events of the day itself changed since it was built"


def test_rebuilding_exactly_what_is_stale_gives_the_bytes_of_a_full_build(
    desk: Desk, built: Warehouse, tmp_path: Path
) -> None:
    rows = [*rows_of(range(1, 11)), LATE]
    desk.ingest(built, desk.source(rows), "2025-03-08", "2025-03-08")
    stale = sorted((one.ds.day, one.asset) for one in planned(built))

    rebuilt = build_all(built, 10)

    assert rebuilt == stale
    assert planned(built) == []
    (tmp_path / "fresh").mkdir()
    fresh = Desk(tmp_path / "fresh", StoreConfig(threads=2, buckets=2))
    with fresh.open() as warehouse:
        fresh.ingest(warehouse, fresh.source(rows), "2025-03-01", "2025-03-10")
        build_all(warehouse, 10)
        assert lake(warehouse) == lake(built)


def test_a_late_event_leaves_alone_the_nights_before_it_was_known(desk: Desk) -> None:
    known = [(*row, row[-1]) for row in rows_of(range(1, 11))]
    with desk.open() as warehouse:
        desk.ingest(warehouse, desk.source(known, KNOWN), "2025-03-01", "2025-03-10")
        build_all(warehouse, 10)
        late = (*LATE, datetime(2025, 3, 10, 12))
        desk.ingest(warehouse, desk.source([*known, late], KNOWN), "2025-03-08", "2025-03-08")

        assert short(planned(warehouse)) == [
            (8, "examples", "stale"),  # a label that became known later; what it saw before is the same
            (10, "goods_sequences", "stale"),
            (10, "shop_sequences", "stale"),
            (10, "night_goods", "stale"),
            (10, "night_pairs", "stale"),
            (10, "candidates", "stale"),
            (10, "examples", "stale"),  # the night's file, which holds it, brings this day's labels too
        ]


def test_impressions_are_planned_by_the_day_and_change_its_examples_and_who_is_a_user_from_then_on(
    desk: Desk, built: Warehouse
) -> None:
    columns = "user_id bigint, goods_id bigint, event_ts timestamp, label int"
    given = [(1, 10, datetime(2025, 3, 9, 9), 1), (2, 11, datetime(2025, 3, 9, 9), 0)]
    shown = replace(desk.source(given, columns, name="shown"), kind="impressions")

    features.ingest_impressions(built, shown, march(9), march(9), desk.ingestion)

    assert planned(built) == [
        PlannedAsset(march(9), "candidates", "stale", "impressions changed"),
        PlannedAsset(march(9), "examples", "stale", "impressions changed"),
        PlannedAsset(
            march(10),
            "impressions.shown",
            "missing",
            f"not read yet: nightrank ingest shown --as impressions --store {built.store.root}",
        ),
        PlannedAsset(march(10), "candidates", "stale", "impressions changed"),
    ]


@pytest.mark.parametrize(
    ("changed", "assets", "reason"),
    [
        ({"sequences": SequenceConfig(goods_length=7)}, ["goods_sequences"], "settings changed: sequences"),
        ({"candidates": CandidateConfig(max_per_user=7)}, ["candidates"], "settings changed: candidates"),
        (
            {"candidates": CandidateConfig(popular_days=7)},
            ["night_goods", "candidates"],
            "settings changed: candidates",
        ),
        (
            {"examples": ExampleConfig(seed=7, negative_sampling="popularity")},
            ["examples"],
            "settings changed: examples",
        ),
        (
            {"ingest": IngestConfig(exact_duplicates="collapse")},
            ["events.clicks"],
            "settings changed: ingest; nightrank ingest clicks --store {store}",
        ),
        ({"ingest": IngestConfig(reread_days=7)}, [], ""),
    ],
)
def test_a_changed_setting_makes_stale_what_it_shapes(
    built: Warehouse, changed: dict, assets: list[str], reason: str
) -> None:
    found = planned(built, 10, 10, replace(SHAPING, **changed))

    assert [one for one in found if one.ds == march(10)] == [
        PlannedAsset(march(10), asset, "stale", reason.format(store=built.store.root)) for asset in assets
    ]


def test_changed_sql_of_a_candidate_source_makes_stale_the_candidates_alone(
    built: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = sql_files.read
    monkeypatch.setattr(sql_files, "read", lambda name: read(name) + "-- changed\n" * (name == "candidates/popular"))

    assert planned(built) == [PlannedAsset(march(day), "candidates", "stale", "SQL changed") for day in (7, 8, 9, 10)]


def test_a_changed_catalogue_makes_stale_the_goods_and_the_candidates(desk: Desk, built: Warehouse) -> None:
    (desk.folder / "catalogue.sql").write_text("select 10 as goods_id, false as active")
    features.ingest_goods(built, features.find_source(str(desk.folder / "catalogue.sql"), "goods", None))

    assert [(one.asset, one.reason) for one in planned(built, 10)] == [
        ("night_goods", "goods catalogue changed"),
        ("candidates", "goods catalogue changed"),
    ]


def test_what_was_killed_failed_or_lost_is_told_apart(desk: Desk, built: Warehouse) -> None:
    built.con.execute(
        "update ops.intervals set status = 'running', run_id = 'nightly-2025-03-10-1'"
        " where asset = 'candidates' and ds = '2025-03-10'"
    )
    built.con.execute(
        "update ops.intervals set status = 'failed', error = 'OSError: no space'"
        " where asset = 'night_goods' and ds = '2025-03-10'"
    )
    [lost, _] = built.files("shop_sequences", march(10), march(10))
    (desk.store.lake / lost.path).unlink()

    assert planned(built, 10) == [
        PlannedAsset(march(10), "shop_sequences", "damaged", f"{lost.path} is missing"),
        PlannedAsset(march(10), "night_goods", "failed", "failed: OSError: no space"),
        PlannedAsset(march(10), "candidates", "interrupted", "run nightly-2025-03-10-1 was killed"),
    ]


def test_what_an_earlier_version_built_is_stale(built: Warehouse) -> None:
    built.con.execute("update ops.intervals set parts = null, fingerprint = 'f00' where asset = 'examples'")

    assert planned(built, 10) == [PlannedAsset(march(10), "examples", "stale", "built by an earlier version")]


def test_planning_twice_writes_nothing(desk: Desk) -> None:
    with desk.open() as warehouse:
        desk.ingest(warehouse, desk.source(rows_of(range(1, 11))), "2025-03-01", "2025-03-10")
        build_all(warehouse, 10)
        desk.ingest(warehouse, desk.source([*rows_of(range(1, 11)), LATE]), "2025-03-08", "2025-03-08")
        before = ledger(warehouse)
    when = desk.store.warehouse.stat().st_mtime_ns

    with features.open_warehouse_read_only(desk.store, lambda: NOW) as looked:
        first, second = planned(looked), planned(looked)
        after = ledger(looked)

    assert first == second != []
    assert after == before
    assert desk.store.warehouse.stat().st_mtime_ns == when


def test_a_year_of_nights_is_planned_in_seconds(built: Warehouse) -> None:
    built.con.execute("insert into ops.files values ('events.old', '2024-03-10', 0, 'old', 'f00', 1, 1)")
    began = time.monotonic()

    found = features.plan(built, march(10) - timedelta(days=365), march(10), SHAPING)

    assert len([one for one in found if one.asset == "candidates"]) == 366
    assert time.monotonic() - began < 20
