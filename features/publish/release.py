"""The warehouse -> published.duckdb: built aside, checked, then flipped to. Until then yesterday stays."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from features.config import PublishConfig
from features.errors import CheckFailedError, FeatureError
from features.ingest.held_back_days import held_back_warnings
from features.publish.model_keys import publish_model_keys
from features.publish.night_summary import advice_on, summarize
from features.publish.release_files import release_id, remove_partial_releases, touch_as_newest
from features.publish.release_sequences import release_sequences
from features.sequences.history_slices import GROUPS
from features.sequences.sequences import has_sequences
from features.store import duckdb_connection, lake, sql_builder, sql_files
from features.store.warehouse import Warehouse

MAX_SAMPLE_ROWS = 3
READ_ONLY = 0o440  # a shell opened without -readonly would shut everybody out, and could delete


@dataclass(frozen=True)
class Check:
    """One check as it went: how many rows broke the promise, and the first few of them."""

    name: str
    severity: str
    broken: int
    rows: tuple[tuple, ...] = ()

    @property
    def first(self) -> str:
        """The first row that broke it, as a person reads it."""
        return f"({', '.join(map(str, self.rows[0]))})"


@dataclass(frozen=True)
class NightOutcome:
    """How a night ended, as its release and the warehouse record it; `published_at` is None where it was stopped."""

    ds: date
    status: str
    published_at: datetime | None
    checks: list[dict[str, Any]]


def build_release(warehouse: Warehouse, ds: date, config: PublishConfig) -> Path:
    """Writes the release of a night under `releases/`, complete with views, macros and comments, and closed.

    It holds the last nights up to the newest, which is not `ds` where an older night is ranked after newer ones.
    """
    store, con = warehouse.store, warehouse.con
    store.releases.mkdir(exist_ok=True)
    remove_partial_releases(warehouse)
    release = store.releases / f"{warehouse.run_id}.duckdb"
    release.unlink(missing_ok=True)
    [(_, _, published)] = warehouse.run("ledger/newest_nights", ds=ds)
    newest = max(ds, published or ds)
    first_ds = first_night(newest, config.ranking_nights)
    warehouse.run("ledger/published_nights", ds=ds, first_ds=first_ds, last_ds=newest)
    first_shown = first_night(newest, config.sequence_nights)
    shown = con.execute("select ds from published_nights where ds >= $first order by ds", {"first": first_shown})
    nights = [night for (night,) in shown.fetchall() if all(has_sequences(warehouse, night, part) for part in GROUPS)]
    with duckdb_connection.attached(con, release):
        sql_files.run(con, "published/named")
        sql_files.run(con, "published/tables")
        for (night,) in con.execute("select ds from published_nights order by ds").fetchall():
            sql_files.run(con, "published/ranked_night", ds=night)
        release_sequences(warehouse, nights)
        publish_model_keys(warehouse, nights)
    with duckdb_connection.connect(release, store.config, store.spill) as made:
        made.execute(sql_builder.views_of_release(sql_files.read("published/views"), release_id(warehouse)))
        sql_files.run(made, "published/comments")
        made.execute("checkpoint")
    assert not release.with_suffix(".duckdb.wal").exists(), f"{release}: a write-ahead log is left"
    lake.flush(release)
    return release


def run_checks(release: Path, *, may_be_older: bool = False) -> list[Check]:
    """Runs every file of sql/checks on a release, read-only, as its readers will open it. Empty results hold.

    A release that `may_be_older` than this version is not asked for columns that it has not.
    """
    checks = []
    with duckdb_connection.connect_read_only(release) as con:
        for name in sql_files.names("checks"):
            try:
                broken = con.execute(sql_files.read(f"checks/{name}")).fetchall()
            except duckdb_connection.UNKNOWN_NAME_ERRORS:
                if not may_be_older:
                    raise
                continue
            checks.append(Check(name, sql_files.severity(name), len(broken), tuple(broken[:MAX_SAMPLE_ROWS])))
    return checks


def finalize_release(
    warehouse: Warehouse, release: Path, ds: date, checks: list[Check], stages: dict[str, float]
) -> NightOutcome:
    """Writes how the night ended into its own release, and what it tells whoever is on call, with the seconds of each
    of its stages; `finalize_night` and `save_summary` then write the same into the warehouse.

    OK, OK_WITH_WARNINGS where a check warns or a day of a source is held back, or FAILED_KEPT_YESTERDAY where a check
    that stops found rows.
    """
    broken = {check.severity for check in checks if check.broken}
    held_back = held_back_warnings(warehouse, ds)
    ending = NightOutcome(
        ds,
        "FAILED_KEPT_YESTERDAY" if "stop" in broken else "OK_WITH_WARNINGS" if broken or held_back else "OK",
        None if "stop" in broken else warehouse.clock(),
        kept_checks(checks),
    )
    advice = advice_on(warehouse.store, (check.name for check in checks if check.broken))
    summarize(warehouse, ds, ending.status, stages, [*advice, *held_back])
    with duckdb_connection.attached(warehouse.con, release):
        warehouse.run("published/close_night", **vars(ending))
        warehouse.run("published/keep_summary")
        warehouse.con.execute("checkpoint release")
    lake.flush(release)
    return ending


def finalize_night(warehouse: Warehouse, ending: NightOutcome) -> None:
    """Writes how the night and its run ended into the warehouse: after the flip, so that it never says published of
    what is not."""
    with warehouse.transaction():
        warehouse.run("ledger/close_night", **vars(ending))
        warehouse.end_run("done" if ending.published_at else "failed")


def raise_on_failed_checks(ds: date, checks: list[Check]) -> None:
    """Raises CheckFailedError where a check that stops found rows."""
    broken = [check for check in checks if check.severity == "stop" and check.broken]
    if broken:
        lines = [line for check in broken for line in check_message(check)]
        raise CheckFailedError(
            f"the ranking of {ds} breaks a promise and is not published; yesterday stays\n" + "\n".join(lines)
        )


def check_message(check: Check) -> list[str]:
    """What a person reads of a check that found rows: where it is, the first of them, and what to do."""
    lines = [f"  sql/checks/{check.name}.sql: {check.broken} row(s), such as {check.first}"]
    advice = sql_files.remedy(check.name)
    return [*lines, f"    {advice}"] if advice else lines


def rebuild_release(warehouse: Warehouse, ds: date, config: PublishConfig) -> tuple[Path, NightOutcome]:
    """Builds the release of a night that is published already again, from the record; nothing is ranked.

    Raises CheckFailedError, with the release removed, where it breaks a promise.
    """
    release = build_release(warehouse, ds, config)
    checks = run_checks(release)
    try:
        raise_on_failed_checks(ds, checks)
    except CheckFailedError:
        release.unlink()
        raise
    ending = NightOutcome(
        ds, "OK_WITH_WARNINGS" if any(one.broken for one in checks) else "OK", warehouse.clock(), kept_checks(checks)
    )
    with duckdb_connection.attached(warehouse.con, release):
        warehouse.run("published/close_night", **vars(ending))
        warehouse.con.execute("checkpoint release")
    lake.flush(release)
    return release, ending


def kept_checks(checks: list[Check]) -> list[dict[str, Any]]:
    """Checks as the record of a night has them."""
    return [{"name": check.name, "severity": check.severity, "broken": check.broken} for check in checks]


def publish_release(warehouse: Warehouse, release: Path) -> None:
    """Points `published.duckdb` at the release, in one step."""
    store = warehouse.store
    touch_as_newest(store, release)  # as what people see counts: a release that was gone back to is not the next to go
    release.chmod(release.stat().st_mode & READ_ONLY)
    pointer = store.root / ".published.making"
    pointer.unlink(missing_ok=True)
    lake.flush(store.releases)  # the release's own name, before anything points to it
    pointer.symlink_to(release.relative_to(store.root))
    pointer.rename(store.published)
    lake.flush(store.root)


def missing_nights(warehouse: Warehouse, last_ds: date, ranking_nights: int) -> list[date]:
    """The nights to rank up to `last_ds`, oldest first: those after the published one before it, or only the last where
    there is none. A night that a check stopped is missing; one that was rolled back is not.

    Raises FeatureError where newer nights are published and `last_ds` is not within the `ranking_nights` of the newest,
    which are those a release holds.
    """
    [(published, before, newest)] = warehouse.run("ledger/newest_nights", ds=last_ds)
    if published:
        return []
    require_in_release_window(warehouse, last_ds, ranking_nights)
    oldest = first_night(max(newest or last_ds, last_ds), ranking_nights)
    first = before + timedelta(days=1) if before else last_ds
    if newest and newest > last_ds:
        first = max(first, oldest)
    taken_back = rolled_back_nights(warehouse)
    days = [first + timedelta(days=n) for n in range((last_ds - first).days + 1)]
    return [ds for ds in days if ds not in taken_back]


def is_published(warehouse: Warehouse, ds: date) -> bool:
    [(published, _, _)] = warehouse.run("ledger/newest_nights", ds=ds)
    return published


def rolled_back_nights(warehouse: Warehouse) -> list[date]:
    """The nights that were taken back and not ranked again since: no night builds them by itself."""
    return [ds for (ds,) in warehouse.run("ledger/rolled_back")]


def require_in_release_window(warehouse: Warehouse, ds: date, ranking_nights: int) -> None:
    """Raises FeatureError where the night is older than those a release holds."""
    [(_, _, newest)] = warehouse.run("ledger/newest_nights", ds=ds)
    if newest and ds < first_night(newest, ranking_nights):
        raise FeatureError(
            f"{ds} is older than the {ranking_nights} nights up to {newest} that published.duckdb holds; "
            f"to rank it, set publish.ranking_nights to {(newest - ds).days + 1} or more"
        )


def first_night(newest: date, nights: int) -> date:
    """The first of the last `nights` nights up to `newest`."""
    return newest - timedelta(days=nights - 1)


def mark_night_failed(warehouse: Warehouse, ds: date, model_id: str, seconds: float, check: str) -> None:
    """Says of a night whose scores could not even be ranked that this check stopped it. One that is published stays
    so: its ranking is still there."""
    if not is_published(warehouse, ds):
        record_night(warehouse, ds, model_id, seconds, [])
        broken = [{"name": check, "severity": "stop", "broken": 1}]
        finalize_night(warehouse, NightOutcome(ds, "FAILED_KEPT_YESTERDAY", None, broken))


def record_night(warehouse: Warehouse, ds: date, model_id: str, seconds: float, unmatched_types: list[str]) -> None:
    """Writes the night as it stands before its release is built: what was ranked, when its day ended, and the settings
    that list event types of which it sees none."""
    warehouse.run(
        "ledger/record_night",
        ds=ds,
        as_of=warehouse.store.day_end(ds),
        model_id=model_id,
        run_id=warehouse.run_id,
        seconds=seconds,
        unmatched_types=unmatched_types,
    )
