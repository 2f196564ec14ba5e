"""Promises about what people see: published.duckdb, and the releases and copies one may go back to."""

import shlex
from datetime import date
from pathlib import Path

import duckdb

from features.errors import BusyError, FeatureError, NewerFileError
from features.ops.erasure.rewrite import newer_files
from features.ops.store_checks import FORGET, DoctorContext, Found, IntegrityCheck, Violation
from features.publish.release import run_checks
from features.publish.release_files import release_of, unreadable_reason
from features.publish.rollback import published_days, ranked_since, releases, verify_release
from features.store import duckdb_connection, sql_builder, sql_files, storage_version
from features.store.warehouse import Warehouse
from features.store.warehouse_copies import copies

NEXT = "nightrank nightly  # builds the release again"


def check_published_link(look: DoctorContext) -> Found:
    """published.duckdb points to a whole release, of the newest night that the record calls published."""
    store, nights = look.warehouse.store, published_days(look.warehouse)
    if not store.published.exists() and not store.published.is_symlink():
        return "nothing yet", [
            Violation(f"{len(nights)} nights are published, and there is none", NEXT)
        ] if nights else []
    if not store.published.is_symlink() or store.releases not in store.published.resolve().parents:
        return "", [Violation("it is no link to a file in releases/, so no night can flip back to it", NEXT)]
    ds = release_of(store.published.resolve())
    if ds is None:
        return "", [Violation(unreadable_reason(store.published.resolve()) or "", NEXT)]
    if nights and ds != max(nights):
        what = f"it is of {ds}, and the record says {max(nights)}: a run died around its flip"
        return "", [Violation(what, "nightrank nightly  # corrects the record first")]
    return f"{store.published.resolve().name}, of {ds}", []


def check_published_checks(look: DoctorContext) -> Found:
    """Each check of sql/checks that stops a night still holds for what is published."""
    published = look.warehouse.store.published
    if release_of(published.resolve()) is None:
        return "nothing to check", []
    try:
        checks = run_checks(published, may_be_older=True)
    except (FeatureError, duckdb_connection.CORRUPTION_ERRORS) as error:
        return "", [Violation(f"cannot be checked: {duckdb_connection.first_line(error)}", NEXT)]
    broken = [check for check in checks if check.severity == "stop" and check.broken]
    said = [f"sql/checks/{check.name}.sql: {check.broken} rows, such as {check.first}" for check in broken]
    return f"{len(checks)} checks", [Violation(one, NEXT) for one in said]


def check_published_rows(look: DoctorContext) -> Found:
    """The rankings and why of each night that is published are those of the record, row for row."""
    published = look.warehouse.store.published
    if release_of(published.resolve()) is None:
        return "nothing to compare", []
    try:
        with duckdb_connection.connect_read_only(published) as con:
            seen = digests(con, "digests/published")
        ranked_later = set(ranked_since(look.warehouse, published))  # the next release holds those as they are now
    except (FeatureError, duckdb_connection.CORRUPTION_ERRORS) as error:
        return "", [Violation(f"cannot be read: {duckdb_connection.first_line(error)}", NEXT)]
    kept, nights = digests(look.warehouse.con, "published/named"), published_days(look.warehouse) - ranked_later
    oldest = min((ds for ds, _ in seen), default=date.max)
    nothing = (0, 0)
    return f"{len({ds for ds, _ in seen})} nights", [
        Violation(
            f"{relation} of {ds}: {seen.get((ds, relation), nothing)[0]} rows are published, "
            f"{kept.get((ds, relation), nothing)[0]} are in the record, or their values differ",
            NEXT,
        )
        for ds, relation in sorted(seen.keys() | kept.keys())
        if ds in nights and ds >= oldest and seen.get((ds, relation)) != kept.get((ds, relation))
    ]


def digests(con: duckdb.DuckDBPyConnection, names: str) -> dict[tuple[date, str], tuple[int, int]]:
    """How many rows, and their digest, of each night and relation, after `names` has said which they are."""
    sql_files.run(con, names)
    rows = sql_files.run(con, "digests/digests").fetchall()
    return {(ds, relation): (count, digest) for ds, relation, count, digest in rows}


def check_erased_in_releases(look: DoctorContext) -> Found:
    """No release has a row of anybody forgotten, by the hash of their id."""
    people = look.warehouse.run("erasure/people_forgotten")
    if not people:
        return "nobody was forgotten", []
    values = {
        "user_id": {"salt": look.warehouse.one("ledger/salt"), "hashes": [user_hash for user_hash, _ in people]},
        "user_key": {"keys": [key for _, key in people if key is not None]},
    }
    broken, paths = [], sorted(look.warehouse.store.releases.glob("*.duckdb"))
    for path in paths:
        try:
            with duckdb_connection.connect_read_only(path) as con, duckdb_connection.translate_errors():
                for schema, table, column in sql_files.run(con, "erasure/columns_of_people").fetchall():
                    [(rows,)] = con.execute(
                        sql_builder.count_erased_rows(schema, table, column), values[column]
                    ).fetchall()
                    if rows:
                        broken.append(Violation(f"releases/{path.name}: {rows} rows in {table}", FORGET))
        except FeatureError as error:
            broken.append(open_error(look, path, error))
    return f"{len(paths)} releases", broken


def check_releases_open(look: DoctorContext) -> Found:
    """Each file in releases/ opens: one that does not may hold anything, and nobody can go back to it."""
    broken, paths = [], sorted(look.warehouse.store.releases.glob("*.duckdb"))
    for path in paths:
        try:
            duckdb_connection.connect_read_only(path).close()
        except BusyError:
            continue  # somebody has it open to write
        except FeatureError as error:
            broken.append(open_error(look, path, error))
    return f"{len(paths)} releases", broken


def open_error(look: DoctorContext, path: Path, error: FeatureError) -> Violation:
    """A release that nothing can be said of, and how to be rid of it."""
    is_published = path.resolve() == look.warehouse.store.published.resolve()
    if isinstance(error, NewerFileError):
        said, otherwise = error.reason, storage_version.install(path)  # a release that is whole is never removed
    else:
        said, otherwise = duckdb_connection.first_line(error.__cause__ or error), remove_command(path)
    what = f"releases/{path.name}: cannot be opened, so that nobody knows what it holds ({said})"
    return Violation(what, NEXT if is_published else otherwise)


def remove_command(path: Path) -> str:
    return f"rm -f {shlex.quote(str(path))}"


def published_release_error(warehouse: Warehouse) -> str | None:
    """What is wrong with the published release, None where nothing is: it cannot be opened, breaks a check, or differs
    from the record."""
    look = DoctorContext(warehouse, sequence_nights=1, check_model=lambda *_: None)
    for ask in (check_published_link, check_published_checks, check_published_rows):
        _, broken = ask(look)
        if broken:
            return broken[0].what
    return None


def check_kept_releases(look: DoctorContext) -> Found:
    """Each release that one may go back to reads to its last block and holds its checks."""
    broken, kept = [], releases(look.warehouse.store)
    for done, release in enumerate(kept, start=1):
        look.tell(done, len(kept), "releases")
        try:
            verify_release(release.path)
            stopped = [
                one.name for one in run_checks(release.path, may_be_older=True) if one.severity == "stop" and one.broken
            ]
        except (FeatureError, duckdb_connection.CORRUPTION_ERRORS) as error:
            stopped = [duckdb_connection.first_line(error)]
        if stopped:
            what = f"releases/{release.path.name}: {', '.join(stopped)}"
            remedy = NEXT if release.is_published else remove_command(release.path)
            broken.append(Violation(what, remedy))
    return f"{len(kept)} releases", broken


def check_warehouse_copy(look: DoctorContext) -> Found:
    """The store keeps a copy of its warehouse."""
    store = look.warehouse.store
    found = copies(store)
    said = f"{len(found)} copies, {sum(path.stat().st_size for path in found)} bytes"
    if found or not store.config.keep_copies or not look.warehouse.run("ledger/runs_done")[0][0]:
        return said, []
    return "", [Violation("there is no copy of warehouse.duckdb", "nightrank housekeeping  # ends with a copy")]


def check_storage_versions(look: DoctorContext) -> Found:
    """No DuckDB file of the store is in a newer storage version than the settings want."""
    store = look.warehouse.store
    said = f"in a newer storage version than {store.config.storage_version}, which store.storage_version wants"
    found = [path.relative_to(store.root) for path in newer_files(store)]
    return "", [Violation(f"{path}: is {said}", "nightrank housekeeping  # rewrites the file") for path in found]


RELEASES = (
    IntegrityCheck(check_published_link, "published.duckdb points to a whole release, of the newest published night"),
    IntegrityCheck(check_published_checks, "what is published holds the checks that would have stopped it"),
    IntegrityCheck(check_published_rows, "what is published is what was ranked, row for row"),
    IntegrityCheck(check_warehouse_copy, "a copy of the record is kept", is_note=True),
    IntegrityCheck(check_releases_open, "every release can be opened"),
    IntegrityCheck(check_storage_versions, "every DuckDB that is to read the store's DuckDB files can read them"),
    IntegrityCheck(check_erased_in_releases, "no release has a row of anybody forgotten"),
    IntegrityCheck(check_kept_releases, "the releases one may go back to read to their last block", is_deep=True),
)
