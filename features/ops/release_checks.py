"""Promises about what people see: published.duckdb, and the releases and copies one may go back to."""

import shlex
from datetime import date
from pathlib import Path

import duckdb

from features.errors import BusyError, FeatureError, NewerFileError
from features.ops.erasure.rewrite import newer_files
from features.ops.store_checks import FORGET, Broken, Found, Look, Promise
from features.publish.release import run_checks
from features.publish.release_files import release_of, unreadable_reason
from features.publish.rollback import published_days, ranked_since, read_through, releases
from features.store import duckdb_connection, sql_builder, sql_files, storage_version
from features.store.warehouse import Warehouse
from features.store.warehouse_copies import copies

NEXT = "nightrank nightly  # builds the release again"


def published_is_a_release(look: Look) -> Found:
    """published.duckdb points to a whole release, of the newest night that the record calls published."""
    store, nights = look.warehouse.store, published_days(look.warehouse)
    if not store.published.exists() and not store.published.is_symlink():
        return "nothing yet", [Broken(f"{len(nights)} nights are published, and there is none", NEXT)] if nights else []
    if not store.published.is_symlink() or store.releases not in store.published.resolve().parents:
        return "", [Broken("it is no link to a file in releases/, so no night can flip back to it", NEXT)]
    ds = release_of(store.published.resolve())
    if ds is None:
        return "", [Broken(unreadable_reason(store.published.resolve()) or "", NEXT)]
    if nights and ds != max(nights):
        what = f"it is of {ds}, and the record says {max(nights)}: a run died around its flip"
        return "", [Broken(what, "nightrank nightly  # corrects the record first")]
    return f"{store.published.resolve().name}, of {ds}", []


def published_holds_its_checks(look: Look) -> Found:
    """Each check of sql/checks that stops a night still holds for what is published."""
    published = look.warehouse.store.published
    if release_of(published.resolve()) is None:
        return "nothing to check", []
    try:
        checks = run_checks(published, may_be_older=True)
    except (FeatureError, duckdb_connection.DAMAGED) as error:
        return "", [Broken(f"cannot be checked: {duckdb_connection.first_line(error)}", NEXT)]
    broken = [check for check in checks if check.severity == "stop" and check.broken]
    said = [f"sql/checks/{check.name}.sql: {check.broken} rows, such as {check.first}" for check in broken]
    return f"{len(checks)} checks", [Broken(one, NEXT) for one in said]


def published_is_what_was_ranked(look: Look) -> Found:
    """The rankings and why of each night that is published are those of the record, row for row."""
    published = look.warehouse.store.published
    if release_of(published.resolve()) is None:
        return "nothing to compare", []
    try:
        with duckdb_connection.connect_read_only(published) as con:
            seen = digests(con, "digests/published")
        ranked_later = set(ranked_since(look.warehouse, published))  # the next release holds those as they are now
    except (FeatureError, duckdb_connection.DAMAGED) as error:
        return "", [Broken(f"cannot be read: {duckdb_connection.first_line(error)}", NEXT)]
    kept, nights = digests(look.warehouse.con, "published/named"), published_days(look.warehouse) - ranked_later
    oldest = min((ds for ds, _ in seen), default=date.max)
    nothing = (0, 0)
    return f"{len({ds for ds, _ in seen})} nights", [
        Broken(
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


def forgotten_are_in_no_release(look: Look) -> Found:
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
            with duckdb_connection.connect_read_only(path) as con, duckdb_connection.in_sentences():
                for schema, table, column in sql_files.run(con, "erasure/columns_of_people").fetchall():
                    [(rows,)] = con.execute(
                        sql_builder.count_forgotten(schema, table, column), values[column]
                    ).fetchall()
                    if rows:
                        broken.append(Broken(f"releases/{path.name}: {rows} rows in {table}", FORGET))
        except FeatureError as error:
            broken.append(cannot_be_opened(look, path, error))
    return f"{len(paths)} releases", broken


def releases_can_be_opened(look: Look) -> Found:
    """Each file in releases/ opens: one that does not may hold anything, and nobody can go back to it."""
    broken, paths = [], sorted(look.warehouse.store.releases.glob("*.duckdb"))
    for path in paths:
        try:
            duckdb_connection.connect_read_only(path).close()
        except BusyError:
            continue  # somebody has it open to write
        except FeatureError as error:
            broken.append(cannot_be_opened(look, path, error))
    return f"{len(paths)} releases", broken


def cannot_be_opened(look: Look, path: Path, error: FeatureError) -> Broken:
    """A release that nothing can be said of, and how to be rid of it."""
    is_published = path.resolve() == look.warehouse.store.published.resolve()
    if isinstance(error, NewerFileError):
        said, otherwise = error.reason, storage_version.install(path)  # a release that is whole is never removed
    else:
        said, otherwise = duckdb_connection.first_line(error.__cause__ or error), remove(path)
    what = f"releases/{path.name}: cannot be opened, so that nobody knows what it holds ({said})"
    return Broken(what, NEXT if is_published else otherwise)


def remove(path: Path) -> str:
    return f"rm -f {shlex.quote(str(path))}"


def published_is_broken(warehouse: Warehouse) -> str | None:
    """What is wrong with the published release, None where nothing is: it cannot be opened, breaks a check, or differs
    from the record."""
    look = Look(warehouse, sequence_nights=1, check_model=lambda *_: None)
    for ask in (published_is_a_release, published_holds_its_checks, published_is_what_was_ranked):
        _, broken = ask(look)
        if broken:
            return broken[0].what
    return None


def kept_releases_are_whole(look: Look) -> Found:
    """Each release that one may go back to reads to its last block and holds its checks."""
    broken, kept = [], releases(look.warehouse.store)
    for done, release in enumerate(kept, start=1):
        look.tell(done, len(kept), "releases")
        try:
            read_through(release.path)
            stopped = [
                one.name for one in run_checks(release.path, may_be_older=True) if one.severity == "stop" and one.broken
            ]
        except (FeatureError, duckdb_connection.DAMAGED) as error:
            stopped = [duckdb_connection.first_line(error)]
        if stopped:
            what = f"releases/{release.path.name}: {', '.join(stopped)}"
            remedy = NEXT if release.is_published else remove(release.path)
            broken.append(Broken(what, remedy))
    return f"{len(kept)} releases", broken


def the_record_has_a_copy(look: Look) -> Found:
    """The store keeps a copy of its warehouse."""
    store = look.warehouse.store
    found = copies(store)
    said = f"{len(found)} copies, {sum(path.stat().st_size for path in found)} bytes"
    if found or not store.config.keep_copies or not look.warehouse.run("ledger/runs_done")[0][0]:
        return said, []
    return "", [Broken("there is no copy of warehouse.duckdb", "nightrank housekeeping  # ends with a copy")]


def files_are_of_the_storage_version(look: Look) -> Found:
    """No DuckDB file of the store is in a newer storage version than the settings want."""
    store = look.warehouse.store
    said = f"in a newer storage version than {store.config.storage_version}, which store.storage_version wants"
    found = [path.relative_to(store.root) for path in newer_files(store)]
    return "", [Broken(f"{path}: is {said}", "nightrank housekeeping  # rewrites the file") for path in found]


RELEASES = (
    Promise(published_is_a_release, "published.duckdb points to a whole release, of the newest published night"),
    Promise(published_holds_its_checks, "what is published holds the checks that would have stopped it"),
    Promise(published_is_what_was_ranked, "what is published is what was ranked, row for row"),
    Promise(the_record_has_a_copy, "a copy of the record is kept", is_note=True),
    Promise(releases_can_be_opened, "every release can be opened"),
    Promise(files_are_of_the_storage_version, "every DuckDB that is to read the store's DuckDB files can read them"),
    Promise(forgotten_are_in_no_release, "no release has a row of anybody forgotten"),
    Promise(kept_releases_are_whole, "the releases one may go back to read to their last block", is_deep=True),
)
