"""A source read again -> the days that it gives exactly as the store took them, which need no reading.

One pass over the rows of the source adds up a hash of each row by day. A day is unchanged where the count and the sum
are those of the read that its events come from, and its events would be made in the same way.
"""

from datetime import date

import duckdb

from features.ingest.event_files import ALL_DAYS
from features.ingest.loss_guard import UNDATED
from features.ingest.sources import OpenSource, Source
from features.store import lake, sql_builder, sql_files
from features.store.fingerprints import Fingerprint
from features.store.warehouse import Warehouse

DAY, QUARTER = 86_400_000_000, 900_000_000  # microseconds; every time zone begins its days at a quarter of an hour
KINDS = ("events", "duplicates", "quarantine")  # the files that a read of events writes


def create_day_digests(fingerprint: Fingerprint, columns: set[str]) -> str:
    """What the digest of a day is compared under: how events are made, and how rows are hashed.

    DuckDB may change hash() from version to version.
    """
    return sql_files.fingerprint(fingerprint.hash, sorted(columns), duckdb.__version__)


def unchanged_days(
    warehouse: Warehouse, reading: OpenSource, made_of: str, first_ds: date, last_ds: date, knowledge: bool
) -> tuple[set[date], dict[date, int]] | None:
    """The unchanged days among these, and how many rows the source gives for each day; None where that is not known.

    A file that is missing or damaged makes every day a changed one, so that a whole read writes it again. So does
    `knowledge` where it does not count: then events lack a column of what was hashed.
    """
    asset, store = reading.source.asset, warehouse.store
    taken = warehouse.run("ledger/days_given", asset=asset, made_of=made_of, first_ds=first_ds, last_ds=last_ds)
    if not knowledge or not taken:
        return None
    files = [file for kind in KINDS for file in warehouse.files(f"{kind}.{reading.source.name}", *ALL_DAYS)]
    if not lake.all_intact(store, files):
        return None
    given = {ds: (rows, digest) for ds, rows, digest in digests(warehouse, reading, first_ds, last_ds)}
    unchanged = {ds for ds, rows, digest in taken if given.get(ds) == (rows, digest)}
    if UNDATED not in given and UNDATED not in {ds for ds, *_ in taken}:
        unchanged.add(UNDATED)
    return unchanged, {ds: rows for ds, (rows, _) in given.items()}


def forget_digests(warehouse: Warehouse, source: Source) -> None:
    """Make the next read of a source read every day, unchanged ones too."""
    warehouse.run("ledger/forget_digests", asset=source.asset)


def digests(warehouse: Warehouse, reading: OpenSource, first_ds: date, last_ds: date) -> list[tuple]:
    """What a source gives for each of some days: its rows, and the sum of their hashes."""
    con, store = warehouse.con, warehouse.store
    anybody = bool(warehouse.one("transforms/any_forgotten"))
    if anybody:
        sql_files.run(con, "transforms/texts_of_id")
        reading.into(con, "forgotten_ids", sql_files.read("transforms/forgotten_ids"))
    con.execute(sql_builder.create_is_erased(anybody))
    span = DAY if store.config.timezone == "UTC" else QUARTER
    reading.into(
        con,
        "source_digests",
        sql_files.read("transforms/source_digests"),
        days_by=reading.source.days_by,
        span=span,
        day_start=store.day_start(first_ds),
        day_end=store.day_end(last_ds),
    )
    return warehouse.run("transforms/digests_given", span=span)
