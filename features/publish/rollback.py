"""An earlier release -> published again, by a flip: nothing is deleted, and the nights after it are taken back.

The warehouse says so after the flip, as a night does. A run that died in between is made good by the next command: what
`published.duckdb` points to is the truth.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import duckdb

from features.errors import FeatureError
from features.publish.night_summary import save_summary
from features.publish.release import NightOutcome, finalize_night, publish_release, raise_on_failed_checks, run_checks
from features.publish.release_files import newer_reason, release_of, releases_by_mtime
from features.store import duckdb_connection, sql_files
from features.store.store import Store
from features.store.warehouse import Warehouse


@dataclass(frozen=True)
class Release:
    """A file in releases/ that was or could be published: the newest night it holds, and whether it is what people see
    now."""

    path: Path
    ds: date
    is_published: bool


@dataclass(frozen=True)
class RollbackResult:
    """What people see after a rollback: the release and its newest night; the nights that were taken back; those that
    came back; those that the record holds otherwise, since they were ranked again; and the checks that warn."""

    ds: date
    release: str
    taken_back: list[date]
    came_back: list[date]
    ranked_since: list[date]
    warnings: list[str]


def roll_back(warehouse: Warehouse, ds: date) -> RollbackResult:
    """Publishes the newest kept release whose newest night is `ds`. Within a recorded run.

    Raises FeatureError if there is none, naming those there are, and CheckFailedError if a check fails; then
    nothing has changed.
    """
    release = kept_release(warehouse.store, ds)
    verify_release(release.path)
    checks = run_checks(release.path, may_be_older=True)
    raise_on_failed_checks(ds, checks)
    before = published_days(warehouse)
    if not release.is_published:
        publish_release(warehouse, release.path)
    sync_warehouse_with_release(warehouse, release)
    after = published_days(warehouse)
    return RollbackResult(
        ds,
        release.path.name,
        sorted(before - after),
        sorted(after - before),
        ranked_since(warehouse, release.path),
        [check.name for check in checks if check.broken],
    )


def kept_release(store: Store, ds: date) -> Release:
    """The newest release of a night. Raises FeatureError, with what can be done instead, where none is kept."""
    kept = releases(store)
    own = [release for release in kept if release.ds == ds]
    if own:
        return own[-1]
    newer = [f"\n{path}: {reason}" for path in releases_by_mtime(store) if (reason := newer_reason(path))]
    if not kept and not newer:
        raise FeatureError(f"{store.releases}: no release is kept; rank a night first: {store.command('nightly')}")
    said = ", ".join(f"{one.ds}{' (published)' if one.is_published else ''}" for one in sorted_by_night(kept))
    raise FeatureError(
        f"{ds}: no kept release ends with it; there are {said or 'none'}{''.join(newer)}\n"
        f"{alternatives_hint(store, kept, ds)}"
    )


def alternatives_hint(store: Store, kept: list[Release], ds: date) -> str:
    """What to do for a night that no release ends with."""
    before = [release.ds for release in sorted_by_night(kept) if release.ds < ds]
    if before:
        first = before[-1] + timedelta(days=1)
        rollback = store.command(f"rollback --to {before[-1]}")
        backfill = store.command(f"backfill {first} {ds} --mode failed --reason WHY")
        return f"go back to the one before it and build the nights after that again: {rollback}, then: {backfill}"
    look = store.command(f"sql \"from rankings where ds = '{ds}'\"")
    return (
        f"older ones are gone, and publish.keep_releases says how many are kept; where published.duckdb has rankings "
        f"of {ds}, look at them with: {look}"
    )


def sorted_by_night(kept: list[Release]) -> list[Release]:
    """One release a night, the oldest night first."""
    return sorted({release.ds: release for release in kept}.values(), key=lambda release: release.ds)


def releases(store: Store) -> list[Release]:
    """The whole releases of a store, oldest first. Those that a run left half-built, or that a check stopped, are not
    there: they have rankings of a night that they do not call published."""
    published = store.published.resolve() if store.published.exists() else None
    found = []
    for path in releases_by_mtime(store):
        ds = release_of(path)
        if ds:
            found.append(Release(path, ds, path.resolve() == published))
    return found


def verify_release(release: Path) -> None:
    """Reads every block of a release. Raises FeatureError where one is damaged."""
    with duckdb_connection.connect_read_only(release) as con, duckdb_connection.translate_errors():
        duckdb_connection.read_every_block(con)


def sync_warehouse_with_release(warehouse: Warehouse, release: Release) -> None:
    """Makes the record say what is published: the nights that the release calls so, and no others."""
    with duckdb_connection.connect_read_only(release.path) as con:
        endings = endings_of(con)
    with warehouse.transaction():
        warehouse.run("ledger/roll_back", published=[ending.ds for ending in endings])
        for ending in endings:
            warehouse.run("ledger/publish_again", **vars(ending), run_id=release.path.stem)


def endings_of(con: duckdb.DuckDBPyConnection) -> list[NightOutcome]:
    """How each night that a release calls published ended."""
    return [NightOutcome(*row) for row in sql_files.run(con, "published/endings").fetchall()]


def published_days(warehouse: Warehouse) -> set[date]:
    """The nights that the record calls published."""
    ends = warehouse.run("ledger/night_ends")
    return {ds for ds, status, _ in ends if status in ("OK", "OK_WITH_WARNINGS")}


def ranked_since(warehouse: Warehouse, release: Path) -> list[date]:
    """The nights of a release that were ranked again after it was made: the next release will hold them anew."""
    with duckdb_connection.connect_read_only(release) as con:
        held = dict(sql_files.run(con, "published/ranked_by").fetchall())
    now = dict(warehouse.run("ledger/ranked_by"))
    return [ds for ds, run_id in held.items() if now.get(ds, run_id) != run_id]


def reconcile_publication(warehouse: Warehouse) -> date | None:
    """Closes the night, or the rollback, whose run died after its flip and before it could say so; the release tells
    how it ended.

    Returns the night that is published, None where all was said.
    """
    published = warehouse.store.published
    if not published.exists():
        return None
    run_id = published.resolve().stem
    ds = warehouse.one("ledger/night_left_by", run_id=run_id)
    if ds is None:
        return reconcile_rollback(warehouse)
    with duckdb_connection.connect_read_only(published) as con:
        [ending] = [one for one in endings_of(con) if one.ds == ds]
    with (
        suppress(*duckdb_connection.UNKNOWN_NAME_ERRORS),
        duckdb_connection.attached(warehouse.con, published.resolve(), read_only=True),
    ):
        warehouse.run("published/summary_of", ds=ds)
        save_summary(warehouse)
    finalize_night(replace(warehouse, run_id=run_id), ending)
    return ds


def reconcile_rollback(warehouse: Warehouse) -> date | None:
    """Makes the record say what the published release holds, where a rollback died after its flip."""
    published = warehouse.store.published.resolve()
    ds, newest = release_of(published), max(published_days(warehouse), default=None)
    if ds is None:
        return None
    flipped = newest is not None and ds != newest
    if flipped:
        sync_warehouse_with_release(warehouse, Release(published, ds, is_published=True))
    warehouse.run("ledger/close_rollbacks", ds=ds if flipped else None, now=warehouse.clock())
    return ds if flipped else None
