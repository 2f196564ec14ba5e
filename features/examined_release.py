"""Promises about what people see: published.duckdb, and the releases one may go back to."""

from contextlib import suppress
from datetime import date

import duckdb

from features import assembled, database, statements
from features.errors import FeatureError
from features.examined import Broken, Found, Look, Promise
from features.kept_releases import release_of
from features.publication import run_checks
from features.rollback import published_days, ranked_since, read_through, releases

NEXT = "nightrank nightly, whose release takes its place; or nightrank rollback --to an earlier night"
FORGET = "nightrank forget USER, with the id as the person gives it"


def published_is_a_release(look: Look) -> Found:
    """published.duckdb points to a whole release, of the newest night that the record calls published."""
    store, nights = look.warehouse.store, published_days(look.warehouse)
    if not store.published.exists() and not store.published.is_symlink():
        return "nothing yet", [Broken(f"{len(nights)} nights are published, and there is none", NEXT)] if nights else []
    if not store.published.is_symlink() or store.releases not in store.published.resolve().parents:
        return "", [Broken("it is no link to a file in releases/, so no night can flip back to it", NEXT)]
    ds = release_of(store.published.resolve())
    if ds is None:
        return "", [Broken(f"{store.published.resolve().name}: cannot be opened, or is not whole", NEXT)]
    if nights and ds != max(nights):
        what = f"it is of {ds}, and the record says {max(nights)}: a run died around its flip"
        return "", [Broken(what, "nightrank nightly, which makes the record right first")]
    return f"{store.published.resolve().name}, of {ds}", []


def published_holds_its_checks(look: Look) -> Found:
    """Each check of sql/checks that stops a night still holds for what is published."""
    published = look.warehouse.store.published
    if release_of(published.resolve()) is None:
        return "nothing to check", []
    try:
        checks = run_checks(published, may_be_older=True)
    except (FeatureError, database.DAMAGED) as error:
        return "", [Broken(f"cannot be checked: {database.first_line(error)}", NEXT)]
    broken = [check for check in checks if check.severity == "stop" and check.broken]
    said = [f"sql/checks/{check.name}.sql: {check.broken} rows, such as {check.first}" for check in broken]
    return f"{len(checks)} checks", [Broken(one, NEXT) for one in said]


def published_is_what_was_ranked(look: Look) -> Found:
    """The rankings and why of each night that is published are those of the record, row for row."""
    published = look.warehouse.store.published
    if release_of(published.resolve()) is None:
        return "nothing to compare", []
    try:
        with database.connect_read_only(published) as con:
            seen = digests(con, "digests/published")
    except (FeatureError, database.DAMAGED) as error:
        return "", [Broken(f"cannot be read: {database.first_line(error)}", NEXT)]
    kept, nights = digests(look.warehouse.con, "published/named"), published_days(look.warehouse)
    nights -= set(ranked_since(look.warehouse, published))  # the next release holds those as they are now
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
    statements.run(con, names)
    rows = statements.run(con, "digests/digests").fetchall()
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
        with suppress(FeatureError), database.connect_read_only(path) as con, database.in_sentences():
            for schema, table, column in statements.run(con, "erasure/columns_of_people").fetchall():
                [(rows,)] = con.execute(assembled.count_forgotten(schema, table, column), values[column]).fetchall()
                if rows:
                    broken.append(Broken(f"releases/{path.name}: {rows} rows in {table}", FORGET))
    return f"{len(paths)} releases", broken


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
        except (FeatureError, database.DAMAGED) as error:
            stopped = [database.first_line(error)]
        if stopped:
            what = f"releases/{release.path.name}: {', '.join(stopped)}"
            remedy = NEXT if release.is_published else f"rm releases/{release.path.name} in the store"
            broken.append(Broken(what, remedy))
    return f"{len(kept)} releases", broken


RELEASES = (
    Promise(published_is_a_release, "published.duckdb points to a whole release, of the newest published night"),
    Promise(published_holds_its_checks, "what is published holds the checks that would have stopped it"),
    Promise(published_is_what_was_ranked, "what is published is what was ranked, row for row"),
    Promise(forgotten_are_in_no_release, "no release has a row of anybody forgotten"),
    Promise(kept_releases_are_whole, "the releases one may go back to read to their last block", is_deep=True),
)
