"""A person -> out of everything, and kept out."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

import din
import features
from features import FeatureError
from features.ingest.impressions import ingest_impressions
from features.ops.erasure import erase, rewrite
from flows.pipelines.ingest import ingest
from flows.pipelines.nightly import run_nights, utc_now
from flows.pipelines.training import run_training
from flows.settings import load_settings, open_store
from tests.conftest import NOW, QUERY, QUICK_SETTINGS, Desk, month_of_events, write_events

WHO = "person-07"
TEXT_IDS = "user_id varchar, goods_id bigint, shop_id bigint, event_type varchar, event_ts timestamp"
COUNTS = (
    "select asset, ds, rows_in, rows, duplicates, quarantined from ops.intervals where rows_in is not null order by all"
)
KEYED = ("events", "duplicates", "histories", "goods_sequences", "shop_sequences", "examples", "candidates")


def rows_of_people() -> list[tuple]:
    """A month of events whose users are texts; a row of each that is refused, and an exact repeat."""
    rows: list[tuple] = [(f"person-{user:02}", *rest) for user, *rest in month_of_events()]
    refused = [(f"person-{user:02}", None, None, "buy", datetime(2025, 3, 10, 12)) for user in (6, 7)]
    return [*rows, *refused, *(row for row in rows if row[0] in (WHO, "person-08") and row[4].day == 12)]


@pytest.fixture(scope="module")
def store_of_texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store walked to two published nights whose users are texts. Copy it before you change it."""
    folder = tmp_path_factory.mktemp("texts")
    root = folder / "store"
    root.mkdir()
    (root / "nightrank.toml").write_text(QUICK_SETTINGS + '\n[ingest]\nexact_duplicates = "collapse"\n')
    events = write_events(folder / "buys.parquet", rows_of_people(), TEXT_IDS)
    (folder / "buys.sql").write_text(QUERY)
    settings = load_settings(root)
    with features.open_warehouse(open_store(root, settings), "a test", utc_now) as warehouse:
        source = features.find_source(str(folder / "buys.sql"), "events", str(events))
        ingest(warehouse, settings, source, None, date(2025, 3, 19))
    run_training(root, date(2025, 3, 17))
    run_nights(root, date(2025, 3, 18))
    run_nights(root, date(2025, 3, 19))
    return root


@pytest.fixture
def root(store_of_texts: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(store_of_texts, tmp_path / "own", symlinks=True))


def opened(root: Path) -> features.Store:
    return open_store(root, load_settings(root))


def forget(root: Path, who: str = WHO) -> features.ErasureResult:
    return features.erase_user(opened(root), who, lambda: NOW, din.forget_user)


def ask(path: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(query).fetchall()


def key_of(root: Path, who: str = WHO) -> int:
    return ask(root / "warehouse.duckdb", f"select user_key from entities.users where user_id = '{who}'")[0][0]


def places_with(root: Path, who: str, key: int) -> list[str]:
    """Every file that holds the person: rows of Parquet as text, and the bytes of all others as they are."""
    places = []
    for path in sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink()):
        if path.suffix == ".parquet":
            con = duckdb.connect()
            rows = con.execute("select row::varchar from read_parquet(?, hive_partitioning=false) as row", [str(path)])
            met = any(who in row or f"'user_key': {key}," in row for (row,) in rows.fetchall())
        else:
            met = who.encode() in path.read_bytes()
        places += [str(path.relative_to(root))] if met else []
    return places


def everything(root: Path, key: int) -> dict[str, list[tuple]]:
    """What the store holds of all but one person: the files the ledger names, and the tables."""
    found = {}
    for asset, path in ask(root / "warehouse.duckdb", "select asset, path from ops.files order by asset, ds, bucket"):
        if asset.split(".")[0] in KEYED:
            rows = duckdb.sql(
                f"from read_parquet('{root / 'lake' / path}', hive_partitioning=false) where user_key <> {key}"
            ).fetchall()
            found[asset] = found.get(asset, []) + rows
    for table in ("rankings", "why"):
        query = f"from serving.{table} where user_key <> {key} order by all"
        found[table] = ask(root / "warehouse.duckdb", query)
    for table in ("rankings", "why", "goods_sequences", "shop_sequences"):
        query = f"from {table} where user_id <> '{WHO}' order by all"
        found[f"published {table}"] = ask(root / "published.duckdb", query)
    return found


def test_no_file_holds_a_person_who_is_forgotten(root: Path) -> None:
    key = key_of(root)
    held = {
        place.split("/")[0] + "/" + place.split("/")[1] if "/" in place else place
        for place in places_with(root, WHO, key)
    }

    found = forget(root)

    assert held == {
        "warehouse.duckdb",
        "releases/nightly-2025-03-18-1.duckdb",
        "releases/nightly-2025-03-19-1.duckdb",
        *(f"copies/warehouse-00000{number}.duckdb" for number in (2, 3, 4)),
    } | {f"lake/{asset}" for asset in (*KEYED, "quarantine")}
    assert places_with(root, WHO, key) == []
    assert (found.scan.hits, found.scan.bytes_searched, found.before) == ([], True, None)
    assert found.releases == ["nightly-2025-03-18-1.duckdb", "nightly-2025-03-19-1.duckdb"]
    assert found.scan.files == len([path for path in root.rglob("*") if path.is_file() and not path.is_symlink()])


def test_all_others_stay_as_they_were(root: Path) -> None:
    key = key_of(root)
    before = everything(root, key)

    forget(root)

    assert everything(root, key) == before
    assert {asset.split(".")[0] for asset in before} >= set(KEYED)


def test_a_release_keeps_its_views_comments_mode_and_promises_and_whoever_has_it_open_keeps_the_old(root: Path) -> None:
    described = (
        "select table_name, comment from duckdb_tables() union all select view_name, comment from duckdb_views()"
        " union all select table_name || '.' || column_name, comment from duckdb_columns() union all"
        " select function_name, comment from duckdb_functions() where not internal order by all"
    )
    release = (root / "published.duckdb").resolve()
    before = ask(release, described)
    broken = [check for check in features.run_checks(release) if check.broken]
    bytes_before = release.read_bytes()

    with release.open("rb") as held_open:
        forget(root)
        assert held_open.read() == bytes_before

    assert ask(release, described) == before
    assert [check for check in features.run_checks(release) if check.broken] == broken
    assert [check.name for check in broken] == ["few_rows_are_quarantined"]  # the refused rows of the store above
    assert oct(release.stat().st_mode & 0o777) == "0o440"
    assert ask(release, "select ds, users, rows from nights order by ds") == [
        (date(2025, 3, 18), 11, 55),
        (date(2025, 3, 19), 11, 55),
    ]
    assert ask(root / "warehouse.duckdb", "select ds, users, rows from ops.nights order by ds") == [
        (date(2025, 3, 18), 11, 55),
        (date(2025, 3, 19), 11, 55),
    ]


def test_the_ledger_accounts_for_the_rows_that_are_left(root: Path) -> None:
    theirs = [row for row in rows_of_people() if row[0] == WHO and row[4] < datetime(2025, 3, 20)]
    before = {(asset, ds): counts for asset, ds, *counts in ask(root / "warehouse.duckdb", COUNTS)}

    forget(root)

    after = {(asset, ds): counts for asset, ds, *counts in ask(root / "warehouse.duckdb", COUNTS)}
    assert {
        day: [b - a for b, a in zip(counts, after[day], strict=True)]
        for day, counts in before.items()
        if counts != after[day]
    } == {
        ("events.buys", day): [
            sum(row[4].date() == day for row in theirs),
            len({row for row in theirs if row[4].date() == day and row[1]}),
            int(day.day == 12),
            int(day.day == 10),
        ]
        for day in {row[4].date() for row in theirs}
    }
    assert all(rows_in == rows + duplicates + refused for rows_in, rows, duplicates, refused in after.values())
    differ = (
        "select ds, sum(rows) from ops.event_rows group by ds"
        " except select ds, rows from ops.files where asset = 'events.buys'"
    )
    assert ask(root / "warehouse.duckdb", differ) == []


def test_the_source_read_again_does_not_bring_them_back(root: Path) -> None:
    key, settings = key_of(root), load_settings(root)
    forget(root)

    with features.open_warehouse(opened(root), "a test", utc_now) as warehouse:
        [source] = features.registered_sources(warehouse, "events")
        counts = ingest(warehouse, settings, source, None, date(2025, 3, 19))

    theirs = len([row for row in rows_of_people() if row[0] == WHO and row[4] < datetime(2025, 3, 20)])
    assert counts.rows_in == counts.rows + counts.duplicates + counts.quarantined
    assert counts.quarantined == theirs + 1  # and the refused row of somebody else
    assert ask(root / "warehouse.duckdb", f"from entities.users where user_id = '{WHO}'") == []
    assert places_with(root, WHO, key) == []


def test_the_next_night_is_ranked_without_them_and_its_checks_pass(root: Path) -> None:
    key = key_of(root)
    forget(root)

    [night] = run_nights(root, date(2025, 3, 20))

    assert (night.users, night.rows) == (11, 55)
    broken = [(check.name, check.severity) for check in features.run_checks(root / "published.duckdb") if check.broken]
    assert broken == [("few_rows_are_quarantined", "warn")]  # one in twelve is refused here
    assert places_with(root, WHO, key) == []


def test_the_highest_key_is_not_given_again(desk: Desk) -> None:
    rows: list[tuple[Any, ...]] = [(user, 10, 5, "click", datetime(2025, 3, 1, 12)) for user in (1, 2, 3)]
    with desk.open() as warehouse:
        desk.ingest(warehouse, desk.source(rows), "2025-03-01", "2025-03-01")
    features.erase_user(desk.store, "3", lambda: NOW, din.forget_user)

    with desk.open() as warehouse:
        rows.append((4, 10, 5, "click", datetime(2025, 3, 2, 12)))
        counts = desk.ingest(warehouse, desk.source(rows), "2025-03-01", "2025-03-02")
        users = warehouse.con.execute("select user_id, user_key from entities.users order by user_id").fetchall()

    assert users == [(1, 1), (2, 2), (4, 4)]
    assert (counts.rows_in, counts.rows, counts.quarantined) == (4, 3, 1)


def test_a_large_number_is_searched_as_its_eight_bytes_and_a_small_one_by_rows_alone(desk: Desk) -> None:
    large = 2**40 + 12345
    rows = [(user, 10, 5, "click", datetime(2025, 3, 1, 12)) for user in (large, 2, 3)]
    with desk.open() as warehouse:
        desk.ingest(warehouse, desk.source(rows), "2025-03-01", "2025-03-01")

    assert features.erase_user(desk.store, str(large), lambda: NOW, din.forget_user).scan.bytes_searched
    assert not features.erase_user(desk.store, "2", lambda: NOW, din.forget_user).scan.bytes_searched


def test_an_id_within_another_is_told_by_rows_alone(desk: Desk) -> None:
    rows = [(user, 10, 5, "click", datetime(2025, 3, 1, 12)) for user in ("person 1", "person 10")]
    with desk.open() as warehouse:
        desk.ingest(warehouse, desk.source(rows, TEXT_IDS), "2025-03-01", "2025-03-01")

    found = features.erase_user(desk.store, "person 1", lambda: NOW, din.forget_user)

    assert (found.scan.bytes_searched, found.scan.hits) == (False, [])
    assert ask(desk.store.warehouse, "select user_id from entities.users") == [("person 10",)]


def test_impressions_of_them_go_and_are_refused_from_then_on(desk: Desk) -> None:
    noon, day = datetime(2025, 3, 1, 12), date(2025, 3, 1)
    with desk.open() as warehouse:
        rows = [(user, 10, 5, "click", noon) for user in ("anna-maria", "bob-marvin")]
        desk.ingest(warehouse, desk.source(rows, TEXT_IDS), "2025-03-01", "2025-03-01")
        columns = "user_id varchar, goods_id bigint, event_ts timestamp, label boolean"
        given = [("anna-maria", 10, noon, True), ("bob-marvin", 10, noon, False), ("anna-maria", None, noon, True)]
        shown = replace(desk.source(given, columns, name="shown"), kind="impressions")
        ingest_impressions(warehouse, shown, day, day, desk.ingestion)

    found = features.erase_user(desk.store, "anna-maria", lambda: NOW, din.forget_user)

    query = "select rows_in, rows, quarantined from ops.intervals where asset = 'impressions.shown'"
    assert found.rows["impressions.shown"] == found.rows["quarantine.shown"] == 1
    assert ask(desk.store.warehouse, query) == [(1, 1, 0)]
    with desk.open() as warehouse:
        ingest_impressions(warehouse, shown, day, day, desk.ingestion)
    assert ask(desk.store.warehouse, query) == [(3, 1, 2)]
    assert places_with(desk.store.root, "anna-maria", 1) == []


def test_somebody_whose_every_row_was_refused_is_forgotten_too(desk: Desk) -> None:
    rows = [
        ("anna-maria", None, None, "click", datetime(2025, 3, 1, 12)),
        ("bob", 10, 5, "click", datetime(2025, 3, 1, 12)),
    ]
    with desk.open() as warehouse:
        desk.ingest(warehouse, desk.source(rows, TEXT_IDS), "2025-03-01", "2025-03-01")

    features.erase_user(desk.store, "anna-maria", lambda: NOW, din.forget_user)

    assert places_with(desk.store.root, "anna-maria", -1) == []


def test_files_that_nobody_names_go_where_they_hold_the_person(root: Path) -> None:
    bucket = key_of(root) % 2
    query = f"select path from ops.files where asset = 'histories' and bucket = {bucket}"
    [(path,), *_] = ask(root / "warehouse.duckdb", query)
    orphan = shutil.copy(root / "lake" / path, (root / "lake" / path).with_name("bucket-0-orphan.parquet"))
    half = Path(orphan).with_name(".bucket-1.making")
    half.write_bytes(WHO.encode())
    (root / "tmp").mkdir(exist_ok=True)
    (root / "tmp" / "left.tmp").write_text(WHO)

    forget(root)

    assert [place for place in (Path(orphan), half, root / "tmp" / "left.tmp") if place.exists()] == []


def test_a_file_of_the_persons_own_that_somebody_put_into_the_store_is_named(root: Path) -> None:
    (root / "notes.txt").write_text(f"{WHO} called on Monday")

    with pytest.raises(FeatureError, match=r"still met in\n  notes\.txt: the bytes of the id"):
        forget(root)

    assert ask(root / "warehouse.duckdb", "select status, error from ops.runs where command like 'forget%'") == [
        ("failed", "met in 1 places")
    ]


def test_an_error_that_quotes_the_person_does_so_no_longer(root: Path) -> None:
    tables = ("ops.runs", "ops.intervals", "ops.summaries")
    with duckdb.connect(str(root / "warehouse.duckdb")) as con:
        for table in tables:
            con.execute(f"update {table} set error = 'a bad row of {WHO}'")

    forget(root)

    for table in tables:
        query = f"select distinct error from {table} where error is not null"
        assert ask(root / "warehouse.duckdb", query) == [("a bad row of (forgotten)",)], table


@pytest.mark.parametrize("step", ["remove_orphans_of", "rewrite", "rewrite_releases", "empty_copy", "scan"])
def test_what_a_death_left_is_done_by_the_same_command_again(
    root: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    key = key_of(root)
    with monkeypatch.context() as patched:
        patched.setattr(erase, step, dies)
        with pytest.raises(KeyboardInterrupt):
            forget(root)
    [problem] = features.read_status(opened(root), NOW).parts["problems"]
    assert problem["status"] == "interrupted"

    found = forget(root)

    assert found.before == NOW
    assert found.model_ids == forget(root).model_ids
    assert len(found.model_ids) == 2
    assert places_with(root, WHO, key) == []
    assert features.read_status(opened(root), NOW).parts["problems"] == []
    assert run_nights(root, date(2025, 3, 20))[0].users == 11


def test_a_process_killed_between_commit_and_rewriting_leaves_a_store_that_the_command_finishes(root: Path) -> None:
    key = key_of(root)
    script = (
        "import os, sys, datetime, pathlib; import din; import features; from features.ops.erasure import erase;"
        "from flows.settings import load_settings, open_store;"
        "erase.remove_orphans_of = lambda *_: os._exit(9);"
        "root = pathlib.Path(sys.argv[1]);"
        "store, clock = open_store(root, load_settings(root)), lambda: datetime.datetime(2026, 1, 2);"
        "features.erase_user(store, sys.argv[2], clock, din.forget_user)"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(root), WHO], cwd=Path.cwd(), check=False)

    assert killed.returncode == 9
    assert "warehouse.duckdb.wal" in [path.name for path in root.iterdir()]
    assert forget(root).before == datetime(2026, 1, 2)
    assert places_with(root, WHO, key) == []


def test_a_death_before_the_tombstone_leaves_all_as_it_was(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    key = key_of(root)
    before = everything(root, -1)
    with monkeypatch.context() as patched:
        patched.setattr(erase, "checkpoints_trained_on", dies)
        with pytest.raises(KeyboardInterrupt):
            forget(root)

    assert everything(root, -1) == before
    assert forget(root).before is None
    assert places_with(root, WHO, key) == []


def test_the_scan_finds_what_deleting_alone_leaves(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (erase, rewrite):
        monkeypatch.setattr(module, "rewrite", lambda *_: None)

    with pytest.raises(FeatureError) as found:
        forget(root)

    said = str(found.value)
    assert "warehouse.duckdb: the bytes of the id" in said
    assert "releases/nightly-2025-03-19-1.duckdb: 10 rows of them in main.rankings" in said
    assert "lake/" not in said


def test_a_checkpoint_is_named_where_a_day_of_theirs_lies_in_its_window(tmp_path: Path) -> None:
    for name, last in (("old", "2025-03-05"), ("mid", "2025-03-10"), ("new", "2025-03-13")):
        (tmp_path / name).mkdir()
        about = f'{{"ds": "{last}", "window": {{"train_days": 2, "eval_days": 1}}}}'
        (tmp_path / name / "model.json").write_text(about)
    (tmp_path / "silent").mkdir()
    (tmp_path / "silent" / "model.json").write_text("{}")

    assert erase.checkpoints_trained_on(tmp_path, {date(2025, 3, 8), date(2025, 3, 11)}) == ["mid", "new", "silent"]
    assert erase.checkpoints_trained_on(tmp_path, {date(2025, 3, 7)}) == ["silent"]
    assert erase.checkpoints_trained_on(tmp_path, set()) == []


def test_a_checkpoint_that_started_from_one_that_learned_from_them_is_named_too(tmp_path: Path) -> None:
    for name, last, warm_from in (
        ("first", "2025-03-05", None),
        ("second", "2025-03-10", "first"),
        ("third", "2025-03-15", "second"),
        ("fourth", "2025-03-20", "gone"),
        ("apart", "2025-03-20", None),
    ):
        (tmp_path / name).mkdir()
        window = {"train_days": 1, "valid_days": 1, "eval_days": 1}
        about = {"ds": last, "window": window, "warm_from": warm_from}
        (tmp_path / name / "model.json").write_text(json.dumps(about))

    assert erase.checkpoints_trained_on(tmp_path, {date(2025, 3, 3)}) == ["first", "fourth", "second", "third"]
    assert erase.checkpoints_trained_on(tmp_path, {date(2025, 3, 8)}) == ["fourth", "second", "third"]
    assert erase.checkpoints_trained_on(tmp_path, {date(2025, 3, 7)}) == [
        "fourth"
    ]  # nobody knows what `gone` learned from
    assert erase.checkpoints_trained_on(tmp_path, set()) == []


def test_the_tombstone_holds_no_id_and_a_salt_of_its_store(root: Path) -> None:
    key = key_of(root)
    forget(root)

    [(found_key, is_hash)] = ask(
        root / "warehouse.duckdb",
        f"select user_key, user_hash = sha256(salt || '{WHO}') from entities.forgotten cross join ops.salt",
    )

    assert (found_key, is_hash) == (key, True)
    assert ask(root / "warehouse.duckdb", "select length(salt) from ops.salt") == [(64,)]


def test_nobody_is_called_so(root: Path) -> None:
    before = ask(root / "warehouse.duckdb", "from entities.users order by all")

    with pytest.raises(FeatureError, match="user_id person-99 is nobody's in"):
        forget(root, "person-99")

    assert ask(root / "warehouse.duckdb", "from entities.users order by all") == before
