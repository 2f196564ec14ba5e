"""A person -> out of everything: lake, warehouse and releases without them, a tombstone, and a scan that proves it.

What is made from events (histories, sequences, examples, candidates) is rewritten without the person's rows and keeps
its fingerprint. Fingerprints cover the bytes of events, so what a later night or training still reads counts as stale
and is built again by it; nights that are published are not ranked again. What a checkpoint holds of a person, the row
of their embedding, whoever calls takes out: nothing here can read one.

The tombstone and every row of the warehouse come true in one transaction, before a byte leaves the disk. Whatever dies
after it leaves a store that works: the same command, which knows the person by the hash, does the rest.
"""

import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import polars as pl

from features.errors import FeatureError
from features.ingest.columns.source_schema import CONTRACTS
from features.ingest.event_files import count_rows, row_counts
from features.ingest.source_registry import registered_sources
from features.ops.erasure.find_user import Tombstone, files_named, find_person, tombstone_of
from features.ops.erasure.rewrite import copy_whole, empty_copy, rewrite, rewrite_releases
from features.ops.erasure.scan import Person, Scan, rows_in_parquet, scan
from features.publish.rollback import reconcile_publication
from features.store import lake
from features.store.lake import LakeFile
from features.store.store import Store
from features.store.typed_ids import texts_of_id
from features.store.warehouse import Warehouse, locked_warehouse
from features.store.warehouse_copies import copy_warehouse, remove_copies, require_warehouse
from features.training.model_registry import checkpoints_trained_on

# Takes the row of a user key out of every checkpoint in a folder. Gives the model_ids that were rewritten, and where it
# cannot be told whether the row is still there, and why.
EraseFunction = Callable[[Path, int], tuple[list[str], list[str]]]


@dataclass
class ErasedRows:
    """What one run took away: rows by asset, the days on which the person did something, lake files removed, releases
    rewritten."""

    rows: Counter[str] = field(default_factory=Counter)
    days: set[date] = field(default_factory=set)
    files: int = 0
    releases: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ErasureResult:
    """What became of a person. `before`: since when they had been forgotten already, None where they had not.
    `model_ids`: the checkpoints that learned from them; `rewritten`: those among them that had a row of theirs.
    `others`: users whose id is the same UUID in other letters."""

    user: str
    before: datetime | None
    rows: dict[str, int]
    files: int
    releases: list[str]
    model_ids: list[str]
    rewritten: list[str]
    scan: Scan
    others: list[str]


def erase_user(store: Store, text: str, clock: Callable[[], datetime], take_out: EraseFunction) -> ErasureResult:
    """Removes the person whose id is this text, and proves it; a person forgotten before is looked for again.
    `take_out` is `din.forget_user`, or what does the same.

    Raises FeatureError where nobody is called so, and where the scan meets the person still, naming each file.
    """
    require_warehouse(store)
    with store.writing("nightrank forget"):
        with locked_warehouse(store, clock, copy=False) as warehouse:  # its file still has what was deleted
            reconcile_publication(warehouse)
            person, before = find_person(warehouse, text)
            text = person.text
            erased = ErasedRows()
            run_id = erase_rows(warehouse, person, before, erased)
            pattern = person.pattern if not id_is_substring(warehouse, person) else None
            erased.files = remove_orphans_of(warehouse, person) + remove_pages(store)
            remove_copies(store)
            tombstone = tombstone_of(warehouse, [text])
        rewrite(store, store.warehouse, copy_whole)
        copy_warehouse(store)
        erased.releases = rewrite_releases(store, person)
        key = person.user_key
        rewritten, unread = ([], []) if key is None else take_out(store.models, key)
        empty_copy(store.spill)
        found = scan(store, person, pattern)
        found.hits.extend(unread)
        with locked_warehouse(store, clock, copy=False) as warehouse:  # the scan has seen every file there is
            others = [known for known, _ in warehouse.run("erasure/person", texts=texts_of_id(text))]
            status, error = ("failed", f"met in {len(found.hits)} places") if found.hits else ("done", None)
            warehouse.run("ledger/end_run", run_id=run_id, status=status, error=error, now=clock())
    if found.hits:
        raise FeatureError(
            f"user {text}: removed wherever nightrank keeps people, and is forgotten, but is still met in\n"
            + "\n".join(f"  {hit}" for hit in found.hits)
            + "\nwhere a file is yours, take them out of it and run the same again; in warehouse.duckdb or a release, "
            "the id may stand in the query or path of a source, or be a word that is there anyway"
        )
    models = tombstone.model_ids if tombstone else []
    since = before.forgotten_at if before else None
    return ErasureResult(
        text, since, dict(erased.rows), erased.files, erased.releases, models, rewritten, found, others
    )


def erase_rows(warehouse: Warehouse, person: Person, before: Tombstone | None, erased: ErasedRows) -> str:
    """Writes the tombstone and takes the person out of the warehouse and of the files it names, in one transaction with
    the beginning of a run. Returns the run_id."""
    now, text = warehouse.clock(), person.text
    with warehouse.transaction():
        assets = {source.name: source.asset for kind in CONTRACTS for source in registered_sources(warehouse, kind)}
        for file in files_named(warehouse):
            erase_from_file(warehouse, file, person, assets, erased)
        learned = set(checkpoints_trained_on(warehouse.store.models, erased.days)) | set(
            before.model_ids if before else []
        )
        warehouse.run(
            "erasure/remember",
            text=text,
            salt=secrets.token_hex(32),
            user_key=person.user_key,
            forgotten_at=before.forgotten_at if before else now,
            model_ids=sorted(learned),
        )
        [(rankings, why)] = warehouse.run("erasure/ranked", user_key=person.user_key)
        erased.rows["rankings"] += rankings
        erased.rows["why"] += why
        warehouse.run("erasure/serving", text=text, user_key=person.user_key)
        if person.is_text and person.pattern:
            warehouse.run("erasure/errors", text=text)
        command = f"forget {warehouse.run('erasure/tombstone', texts=[text])[0][0][:8]}"
        past = warehouse.one("ledger/count_runs", command=command, ds=now.date())
        run_id = f"{command.replace(' ', '-')}-{now.date()}-{past + 1}"
        warehouse.run("ledger/begin_run", run_id=run_id, command=command, ds=now.date(), now=now, reason=None)
    return run_id


def erase_from_file(
    warehouse: Warehouse, file: LakeFile, person: Person, assets: dict[str, str], erased: ErasedRows
) -> None:
    """Writes a lake file anew without the person, and counts what that changes in the ledger."""
    path = Path(lake.verified_path(warehouse.store, file))
    if not rows_in_parquet(path, person):
        return
    frame = lake.scan(path).collect()
    theirs = person.rows(frame.columns)
    gone, left = frame.filter(theirs), frame.filter(~theirs)
    warehouse.run("erasure/forget_file", path=file.path)
    if len(left) or "." not in file.asset:  # what is built from events has a file for each bucket, be it empty
        warehouse.add_files([lake.write(warehouse.store, left, file.asset, file.ds, file.bucket)])
    erased.rows[file.asset] += len(gone)
    kind, _, source = file.asset.partition(".")
    if kind in ("events", "impressions"):
        erased.days.update(gone["event_ds"].to_list())
    if kind == "events":
        count_rows(warehouse, source, [file.ds], [row_counts(left, file.ds)])
        for read_ds, rows in gone.group_by("read_ds").len().iter_rows():
            decrement_counts(warehouse, file.asset, read_ds, rows=rows)
    elif kind == "impressions":
        decrement_counts(warehouse, file.asset, file.ds, rows=len(gone))
    elif kind == "duplicates":
        decrement_counts(warehouse, f"events.{source}", file.ds, duplicates=len(gone))
    elif kind == "quarantine":
        asset = assets.get(source, f"events.{source}")
        decrement_counts(warehouse, asset, file.ds, quarantined=len(gone))
        warehouse.run("erasure/refused_fewer", asset=asset, ds=file.ds, reasons=gone["refused"].to_list())
    else:
        warehouse.run("erasure/recount", asset=file.asset, ds=file.ds)


def decrement_counts(
    warehouse: Warehouse, asset: str, ds: date, *, rows: int = 0, duplicates: int = 0, quarantined: int = 0
) -> None:
    """Takes so many rows out of what became of the rows read under a day."""
    counts = {"rows": rows, "duplicates": duplicates, "quarantined": quarantined}
    warehouse.run("erasure/read_fewer", asset=asset, ds=ds, **counts)


def id_is_substring(warehouse: Warehouse, person: Person) -> bool:
    """Whether names that stay hold the id, as `user 10` holds `user 1`: its bytes then say nothing of the person."""
    return person.is_text and bool(warehouse.one("erasure/names_around", text=person.text))


def remove_orphans_of(warehouse: Warehouse, person: Person) -> int:
    """Deletes the lake files that the ledger does not name and that hold the person, or cannot be read. Returns how
    many."""
    named = {file.path for file in files_named(warehouse)}
    paths = [path for path in sorted(warehouse.store.lake.rglob("*")) if path.suffix in (".parquet", ".making")]
    unnamed = [path for path in paths if str(path.relative_to(warehouse.store.lake)) not in named]
    gone = [path for path in unnamed if may_contain(path, person)]
    for path in gone:
        path.unlink()
    for folder in {path.parent for path in gone}:
        lake.flush(folder)
    return len(gone)


def remove_pages(store: Store) -> int:
    """Deletes the pages of nights, which show rankings of people and can be made again. Returns how many."""
    pages = sorted([*store.reports.glob("*.html"), *store.reports.glob(".*.making")])
    for path in pages:
        path.unlink()
    if pages:
        lake.flush(store.reports)
    return len(pages)


def may_contain(path: Path, person: Person) -> bool:
    try:
        return path.suffix == ".making" or rows_in_parquet(path, person) > 0
    except pl.exceptions.PolarsError:
        return True
