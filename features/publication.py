"""The warehouse -> published.duckdb: built aside, checked, then flipped to. Until then yesterday stays."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from features import database, lake, statements
from features.config import PublishConfig
from features.errors import StoppedByCheck
from features.warehouse import Warehouse

SHOWN_ROWS = 3


@dataclass(frozen=True)
class Check:
    """One check as it went: how many rows broke the promise, and the first few of them."""

    name: str
    severity: str
    broken: int
    rows: tuple[tuple, ...] = ()


def build_release(warehouse: Warehouse, ds: date, config: PublishConfig) -> Path:
    """Writes the release of a night under `releases/`, complete with views, macros and comments, and closed."""
    store, con = warehouse.store, warehouse.con
    store.releases.mkdir(exist_ok=True)
    release = store.releases / f"{warehouse.run_id}.duckdb"
    release.unlink(missing_ok=True)
    first_ds = ds - timedelta(days=config.ranking_nights - 1)
    warehouse.run("ledger/published_nights", first_ds=first_ds, last_ds=ds)
    for group in ("goods", "shop"):
        view_sequences(warehouse, group, ds, config.sequence_nights)
    con.execute(f"attach '{str(release).replace(chr(39), chr(39) * 2)}' as release")
    try:
        statements.run(con, "published/tables")
    finally:
        con.execute("detach release")
    with database.connect(release, store.config, store.spill) as made:
        statements.run(made, "published/views")
        statements.run(made, "published/comments")
        made.execute("checkpoint")
    assert not release.with_suffix(".duckdb.wal").exists(), f"{release}: a write-ahead log is left"
    lake.flush(release)
    return release


def view_sequences(warehouse: Warehouse, group: str, ds: date, nights: int) -> None:
    """Names the sequences of the last nights, each row with its day."""
    asset = f"{group}_sequences"
    files = warehouse.files(asset, ds - timedelta(days=nights - 1), ds)
    paths = [lake.verified(warehouse.store, file) for file in files]
    columns = f"ds date, user_key integer, {group}_keys integer[], event_types varchar[], event_ts timestamp[]"
    warehouse.con.execute(f"drop view if exists night_{asset}")
    if paths:
        warehouse.con.read_parquet(paths, hive_partitioning=True, filename=False).create_view(f"night_{asset}")
    else:
        database.view_of_files(warehouse.con, f"night_{asset}", [], columns)


def run_checks(release: Path) -> list[Check]:
    """Runs every file of sql/checks on a release, read-only, as its readers will open it. Empty results hold."""
    checks = []
    with database.connect_read_only(release) as con:
        for name in statements.names("checks"):
            broken = con.execute(statements.read(f"checks/{name}")).fetchall()
            checks.append(Check(name, statements.severity(name), len(broken), tuple(broken[:SHOWN_ROWS])))
    return checks


def close_night(warehouse: Warehouse, release: Path, ds: date, checks: list[Check]) -> str:
    """Writes how the night ended, into the warehouse and into its own release. Returns the status.

    OK, OK_WITH_WARNINGS, or FAILED_KEPT_YESTERDAY where a check that stops found rows.
    """
    broken = {check.severity for check in checks if check.broken}
    status = "FAILED_KEPT_YESTERDAY" if "stop" in broken else "OK_WITH_WARNINGS" if broken else "OK"
    values = {
        "ds": ds,
        "status": status,
        "published_at": None if "stop" in broken else warehouse.clock(),
        "checks": [{"name": check.name, "severity": check.severity, "broken": check.broken} for check in checks],
    }
    with database.connect(release, warehouse.store.config, warehouse.store.spill) as con:
        statements.run(con, "published/close_night", **values)
        con.execute("checkpoint")
    warehouse.run("ledger/close_night", **values)
    lake.flush(release)
    return status


def stop_where_broken(ds: date, checks: list[Check]) -> None:
    """Raises StoppedByCheck where a check that stops found rows."""
    broken = [check for check in checks if check.severity == "stop" and check.broken]
    if broken:
        lines = [f"  sql/checks/{check.name}.sql: {check.broken} row(s), such as {check.rows[0]}" for check in broken]
        raise StoppedByCheck(
            f"the ranking of {ds} breaks a promise and is not published; yesterday stays\n" + "\n".join(lines)
        )


def flip(warehouse: Warehouse, release: Path, keep: int) -> None:
    """Points `published.duckdb` at the release in one step, and removes the releases before the last `keep`."""
    store = warehouse.store
    release.chmod(0o444)  # a shell opened without -readonly would shut everybody out, and could delete
    pointer = store.root / ".published.making"
    pointer.unlink(missing_ok=True)
    pointer.symlink_to(release.relative_to(store.root))
    pointer.rename(store.published)
    lake.flush(store.root)
    old = sorted(store.releases.glob("*.duckdb"), key=lambda path: path.stat().st_mtime_ns)[:-keep]
    for path in old:
        if path != release:
            path.unlink()


def nights_missing(warehouse: Warehouse, last_ds: date) -> list[date]:
    """The nights to rank up to `last_ds`, oldest first: those after the newest published one, or only the last where
    nothing is published. A night that a check stopped is missing."""
    [(is_published, newest)] = warehouse.run("ledger/newest_night_before", ds=last_ds)
    if is_published:
        return []
    first = newest + timedelta(days=1) if newest else last_ds
    return [first + timedelta(days=n) for n in range((last_ds - first).days + 1)]


def record_night(warehouse: Warehouse, ds: date, model_id: str, seconds: float) -> None:
    """Writes the night as it stands before its release is built: what was ranked, and when its day ended."""
    warehouse.run(
        "ledger/record_night",
        ds=ds,
        as_of=warehouse.store.day_end(ds),
        model_id=model_id,
        run_id=warehouse.run_id,
        seconds=seconds,
    )
