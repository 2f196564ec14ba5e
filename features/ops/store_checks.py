"""Promises about the files of a store: each a function that says what it looked at and what breaks the promise."""

import hashlib
import shlex
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from features.ingest.event_files import ALL_DAYS, ORDER
from features.ops.retention import unnamed_files
from features.store import duckdb_connection, lake
from features.store.lake import LakeFile
from features.store.permissions import NOT_FOR_OTHERS
from features.store.warehouse import Warehouse
from features.store.warehouse_copies import restore_command

NIGHTS_OF_ROOM = 3  # a night writes its lake files, a release beside the old ones, and may spill
FORGET = "nightrank forget USER  # USER is the id as the person gives it"
TIED = ("goods_key", "shop_key", "type_key", "read_ds")


@dataclass(frozen=True)
class Violation:
    """One thing that breaks a promise, and the command that mends it."""

    what: str
    remedy: str


@dataclass(frozen=True)
class DoctorContext:
    """What is looked at and how: `check_model` says what is wrong with a checkpoint, None where nothing is; `tell`
    hears of progress; `deep` reads every row too."""

    warehouse: Warehouse
    sequence_nights: int
    check_model: Callable[[Path, str], str | None]
    tell: Callable[[int, int, str], None] = lambda *_: None
    deep: bool = False

    @property
    def files(self) -> list[LakeFile]:
        return self.warehouse.files("%", *ALL_DAYS)


Found = tuple[str, list[Violation]]


@dataclass(frozen=True)
class IntegrityCheck:
    """A promise: what `ask` finds. A note is told and breaks nothing; a deep one is asked with --deep alone."""

    ask: Callable[[DoctorContext], Found]
    title: str
    is_note: bool = False
    is_deep: bool = False

    @property
    def name(self) -> str:
        return self.ask.__name__


def check_lake_hashes(look: DoctorContext) -> Found:
    """The bytes of each file that the ledger names are those that were written."""
    files, store = look.files, look.warehouse.store
    with ThreadPoolExecutor(store.config.threads) as pool:
        said = []
        for done, wrong in enumerate(pool.map(lambda file: wrong_with(store.lake / file.path, file), files), start=1):
            said.append(wrong)
            look.tell(done, len(files), "lake files")
    broken = [broken_file(look, file, wrong) for file, wrong in zip(files, said, strict=True) if wrong]
    return f"{len(files)} files, {sum(file.bytes for file in files)} bytes", broken


def wrong_with(path: Path, file: LakeFile) -> str | None:
    if not path.exists():
        return "is missing"
    size = path.stat().st_size
    if size != file.bytes:
        return f"is damaged: {size} bytes, and {file.bytes} were written"
    return None if lake.cached_sha256(path) == file.sha256 else "is damaged: its bytes are not those that were written"


def broken_file(look: DoctorContext, file: LakeFile, wrong: str) -> Violation:
    return Violation(f"lake/{file.path}: {wrong}", lake.rebuild_command(look.warehouse.store, file))


def check_lake_rows(look: DoctorContext) -> Found:
    """Each file has as many rows as the ledger says, by its own metadata."""
    broken, rows = [], 0
    for file in look.files:
        path = look.warehouse.store.lake / file.path
        try:
            held = pq.read_metadata(path).num_rows
        except (OSError, pa.ArrowException) as error:
            broken.append(broken_file(look, file, f"cannot be read ({str(error).splitlines()[0]})"))
            continue
        rows += held
        if held != file.rows:
            broken.append(broken_file(look, file, f"{held} rows, and {file.rows} were written"))
    return f"{rows} rows", broken


def check_event_order(look: DoctorContext) -> Found:
    """Every file of events or histories has its users in the order of their keys, and each one's events in the one
    total order."""
    broken = []
    files = [file for file in look.files if file.asset == "histories" or file.asset.startswith("events.")]
    for done, file in enumerate(files, start=1):
        path = look.warehouse.store.lake / file.path
        look.tell(done, len(files), "events in order")
        if wrong_with(path, file):
            continue  # told already
        stored = lake.scan(path)
        names = stored.collect_schema()
        keys = [name for name in ("user_key", *ORDER, *TIED) if name in names]
        rows = stored.select(keys).collect()
        if not rows.equals(rows.sort(keys)):
            broken.append(broken_file(look, file, "not in the one total order"))
    return f"{len(files)} files", broken


def check_orphan_files(look: DoctorContext) -> Found:
    """Files that the ledger does not name: left by runs that died, or replaced since."""
    paths = unnamed_files(look.warehouse)
    size, root = sum(path.stat().st_size for path in paths), look.warehouse.store.root
    remedy = "nightrank housekeeping --dry-run  # those older than a day go"
    said = f"{len(paths)} files that the ledger does not name, {size} bytes"
    return "", [Violation(f"{said}, such as {paths[0].relative_to(root)}", remedy)] if paths else []


def check_checkpoints(look: DoctorContext) -> Found:
    """Each model of the register has its checkpoint, with the bytes that were saved, and no weight that is not
    finite."""
    models = look.warehouse.run("ledger/models_kept")
    broken = []
    for done, (model_id, ds) in enumerate(models, start=1):
        wrong = look.check_model(look.warehouse.store.models, model_id)
        if wrong:
            broken.append(Violation(wrong, f"nightrank train --ds {ds}"))
        look.tell(done, len(models), "checkpoints")
    return f"{len(models)} checkpoints", broken


def check_erased_in_files(look: DoctorContext) -> Found:
    """No file of the lake has a row of anybody forgotten, by their key or the hash of their id."""
    people = look.warehouse.run("erasure/people_forgotten")
    if not people:
        return "nobody was forgotten", []
    salt = look.warehouse.one("ledger/salt")
    keys, hashes = [key for _, key in people if key is not None], {user_hash for user_hash, _ in people}
    broken = []
    for path in sorted(look.warehouse.store.lake.rglob("*.parquet")):
        met = rows_of_forgotten(path, keys, hashes, salt)
        if met:
            where = path.relative_to(look.warehouse.store.root)
            broken.append(Violation(f"{where}: {met} rows", FORGET))
    return f"{len(people)} tombstones", broken


def rows_of_forgotten(path: Path, keys: list[int], hashes: set[str], salt: str) -> int:
    try:
        rows = lake.scan(path)
        columns = rows.collect_schema().names()
        met = 0
        if "user_key" in columns:
            met += rows.filter(pl.col("user_key").is_in(keys)).select(pl.len()).collect().item()
        if "user_id" in columns:
            ids = rows.select(pl.col("user_id").cast(pl.String)).drop_nulls().collect()["user_id"]
            met += sum(hashlib.sha256(f"{salt}{one}".encode()).hexdigest() in hashes for one in ids)
    except (pl.exceptions.PolarsError, OSError):
        return 0  # told already, where the ledger names it
    return met


def check_timezone(look: DoctorContext) -> Found:
    """Days are cut where they were cut from the first on."""
    kept, set_to = look.warehouse.one("ledger/kept_timezone"), look.warehouse.store.config.timezone
    if kept in (None, set_to):
        return kept or "no days yet", []
    return "", [
        Violation(
            f"days are cut in {kept}, and store.timezone is {set_to}",
            f'set timezone = "{kept}" under [store] in {look.warehouse.store.root}/nightrank.toml',
        )
    ]


def check_warehouse_readable(look: DoctorContext) -> Found:
    """The record is written in a version that this DuckDB reads, and with `deep` every block of it is read."""
    [(written_in, read_by)] = look.warehouse.run("ledger/storage_version")
    said = f"written in {written_in}, read by DuckDB {read_by}"
    if look.deep:
        try:
            duckdb_connection.read_every_block(look.warehouse.con)
        except duckdb_connection.CORRUPTION_ERRORS as error:
            what = f"warehouse.duckdb: is damaged ({duckdb_connection.first_line(error)})"
            return said, [Violation(what, restore_command(look.warehouse.store))]
    return said, []


def check_disk_space(look: DoctorContext) -> Found:
    """The disk has room for the night to come, and more."""
    store = look.warehouse.store
    night = look.warehouse.one("ledger/bytes_of_newest_night") or 0
    files = [path for path in (store.published, store.warehouse) if path.exists()]
    need = NIGHTS_OF_ROOM * (night + sum(path.stat().st_size for path in files))
    free = shutil.disk_usage(store.root).free
    said = f"{free} bytes are free, {need} bytes wanted"
    return said, [Violation(said, "nightrank housekeeping --dry-run")] if free < need else []


def check_permissions(look: DoctorContext) -> Found:
    """Nobody but the owner writes what is in the store, and nobody but the group reads it."""
    root = look.warehouse.store.root
    paths = [root, *(path for path in sorted(root.rglob("*")) if not path.is_symlink())]
    too_open = [path for path in paths if path.stat().st_mode & NOT_FOR_OTHERS]
    if not too_open:
        return "", []
    what = f"{len(too_open)} files and folders are open to more than their owner and its group, such as {too_open[0]}"
    return "", [Violation(what, f"chmod -R g-w,o-rwx {shlex.quote(str(root))}")]


FILES = (
    IntegrityCheck(check_lake_hashes, "the files that the ledger names are there, with the bytes that were written"),
    IntegrityCheck(check_lake_rows, "they hold the rows that the ledger says"),
    IntegrityCheck(check_event_order, "events and histories are in the one total order", is_deep=True),
    IntegrityCheck(check_checkpoints, "the models of the register have whole checkpoints of finite weights"),
    IntegrityCheck(check_erased_in_files, "no file of the lake has a row of anybody forgotten"),
    IntegrityCheck(check_timezone, "days are cut in the time zone they were cut in from the first on"),
    IntegrityCheck(check_warehouse_readable, "the record can be read"),
    IntegrityCheck(check_disk_space, "the disk has room for the nights to come"),
    IntegrityCheck(check_orphan_files, "every file of the lake is named by the ledger", is_note=True),
    IntegrityCheck(
        check_permissions, "what is in the store is its owner's to write and its group's to read", is_note=True
    ),
)
