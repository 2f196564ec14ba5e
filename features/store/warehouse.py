"""The warehouse: the record of what is built, and the ledger that tells the truth about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import duckdb

from features.errors import FeatureError
from features.store import duckdb_connection, lake, sql_builder, sql_files, warehouse_copies
from features.store.fingerprints import Fingerprint
from features.store.lake import LakeFile
from features.store.store import Store

if TYPE_CHECKING:
    import polars as pl


@dataclass
class AssetBuild:
    """What an asset's builder fills in before its ledger row is closed."""

    rows: int = 0
    files: list[LakeFile] = field(default_factory=list)


@dataclass(frozen=True)
class Warehouse:
    """An open warehouse. `clock` gives the time in UTC without a zone; `run_id` names who is writing."""

    store: Store
    con: duckdb.DuckDBPyConnection
    clock: Callable[[], datetime]
    run_id: str = ""

    def run(self, statement: str, /, **values: Any) -> list[tuple]:
        """Runs a file of sql/ with these values and gives its rows."""
        return sql_files.run(self.con, statement, **values).fetchall()

    def one(self, statement: str, /, **values: Any) -> Any:
        """The first column of the first row, None where there is no row."""
        found = self.run(statement, **values)
        return found[0][0] if found else None

    def keep_timezone(self) -> None:
        """Remembers the time zone that days are cut by."""
        self.run("ledger/keep_timezone", timezone=self.store.config.timezone)

    def check_timezone(self) -> None:
        """Raises FeatureError where days were cut by another time zone: no day could be told from its neighbour."""
        kept = self.one("ledger/kept_timezone")
        if kept not in (None, self.store.config.timezone):
            raise FeatureError(
                f"{self.store.root}: its days are cut in {kept}, and store.timezone is {self.store.config.timezone}; "
                "set it back, or begin another store"
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it, or none."""
        self.con.begin()
        try:
            with duckdb_connection.translate_errors():
                yield
        except BaseException:
            self.con.rollback()
            raise
        self.con.commit()

    def is_current(self, asset: str, ds: date, fingerprint: Fingerprint) -> bool:
        """Whether the asset of the day is built, from this, and its files are whole."""
        done = self.one("ledger/is_done", asset=asset, ds=ds, fingerprint=fingerprint.hash)
        return bool(done) and lake.all_intact(self.store, self.files(asset, ds, ds))

    def run_of(self, asset: str, ds: date) -> str | None:
        """The run that built the asset of the day."""
        return self.one("ledger/run_of", asset=asset, ds=ds)

    def files(self, asset: str, first_ds: date, last_ds: date) -> list[LakeFile]:
        """The files of an asset for some days, or of several where `asset` ends in `.%`, in order."""
        found = self.run("ledger/files", asset=asset, first_ds=first_ds, last_ds=last_ds)
        return [LakeFile(*row) for row in found]

    @contextmanager
    def building(self, asset: str, ds: date, fingerprint: Fingerprint) -> Iterator[AssetBuild]:
        """Builds an asset of a day: its rows, its files and its ledger row come true in one transaction.

        Before it, the ledger says `running`; should the block raise, `failed`, and why.
        """
        self.run("ledger/start", asset=asset, ds=ds, **fingerprint.ledger, run_id=self.run_id, now=self.clock())
        made = AssetBuild()
        try:
            with self.transaction():
                yield made
                self.name_files(asset, [ds], made.files)
                watermark = self.store.day_end(ds)
                self.run("ledger/finish", asset=asset, ds=ds, rows=made.rows, watermark=watermark, now=self.clock())
        except BaseException as error:
            self.fail(asset, ds, error)
            raise

    def fail(self, asset: str, ds: date, error: BaseException) -> None:
        """Says in the ledger what stopped the asset of the day."""
        said = f"{type(error).__name__}: {error}"
        self.run("ledger/fail", asset=asset, ds=ds, error=said, now=self.clock())

    def name_files(self, asset: str, days: list[date], files: list[LakeFile]) -> None:
        """Makes these the files of the asset and days, in place of any before."""
        self.run("ledger/forget_files", asset=asset, days=days)
        self.add_files(files)

    def add_files(self, files: list[LakeFile]) -> None:
        """Makes lake files real."""
        if files:
            import polars as pl

            self.append("ops.files", pl.DataFrame([vars(file) for file in files]))

    def clear_day(self, table: str, ds: date) -> None:
        """Removes the day's rows from a table of `serving`."""
        self.con.execute(sql_builder.delete_day(f"serving.{table}"), {"ds": ds})

    def append(self, table: str, frame: pl.DataFrame) -> None:
        """Adds the rows of a frame to a table, named with its schema; columns go by name."""
        self.con.register("new_rows", frame.to_arrow())
        self.con.execute(sql_builder.insert_new_rows(table))
        self.con.unregister("new_rows")

    @contextmanager
    def recorded_run(self, command: str, ds: date, reason: str | None = None) -> Iterator[Warehouse]:
        """Keeps a record of a run: what ran, for which day, how it ended, and why, where somebody gives a reason. Gives
        the warehouse that writes as it.

        The run_id is the command, its data day, and how many such runs there have been: the same on every machine.
        """
        past = self.one("ledger/count_runs", command=command, ds=ds)
        run_id = f"{command}-{ds}-{past + 1}"
        self.run("ledger/begin_run", run_id=run_id, command=command, ds=ds, now=self.clock(), reason=reason)
        run = replace(self, run_id=run_id)
        try:
            with duckdb_connection.translate_errors():
                yield run
        except BaseException as stopped:
            with suppress(
                duckdb_connection.CORRUPTION_ERRORS
            ):  # where the disk is full: what stopped the run is told, not that
                run.end_run("failed", f"{type(stopped).__name__}: {stopped}")
            raise
        run.end_run("done")

    def end_run(self, status: str, error: str | None = None) -> None:
        """Says how this run ended. In one transaction with the last that it writes, where nothing would be left for a
        second run to do: a kill between the two would leave a run that comes to no end."""
        self.run("ledger/end_run", run_id=self.run_id, status=status, error=error, now=self.clock())


@dataclass(frozen=True)
class CachingWarehouse(Warehouse):
    """A warehouse that nobody writes to for now: what is asked twice is answered once."""

    answers: dict[str, list[tuple]] = field(default_factory=dict)

    def run(self, statement: str, /, **values: Any) -> list[tuple]:
        asked = repr((statement, values))
        if asked not in self.answers:
            self.answers[asked] = super().run(statement, **values)
        return self.answers[asked]


@contextmanager
def open_warehouse_read_only(store: Store, clock: Callable[[], datetime]) -> Iterator[Warehouse]:
    """Opens the warehouse read-only, and keeps writers waiting meanwhile. Raises FeatureError where there is none,
    BusyError where somebody still writes after `store.wait_seconds`."""
    warehouse_copies.require_warehouse(store, warehouse_copies.BEGIN)
    with (
        warehouse_copies.with_copy_hint(store),
        store.undisturbed(store.config.wait_seconds),
        duckdb_connection.connect_read_only(store.warehouse, store.config) as con,
    ):
        yield Warehouse(store, con, clock)


@contextmanager
def open_warehouse(store: Store, who: str, clock: Callable[[], datetime]) -> Iterator[Warehouse]:
    """Takes the lock and opens the warehouse. Raises BusyError where somebody else is writing."""
    with store.writing(who), locked_warehouse(store, clock) as warehouse:
        yield warehouse


@contextmanager
def locked_warehouse(store: Store, clock: Callable[[], datetime], *, copy: bool = True) -> Iterator[Warehouse]:
    """Opens the warehouse for a command that holds the lock already, and with `copy` copies it where a run changed it.

    Raises FeatureError where it is missing from a store that has files.
    """
    warehouse_copies.require_no_remains(store)
    if not warehouse_copies.has_bytes(store.warehouse):  # DuckDB begins a missing file, and refuses an empty one
        store.warehouse.unlink(missing_ok=True)
    with warehouse_copies.with_copy_hint(store):
        changed, con = False, duckdb_connection.connect(store.warehouse, store.config, store.spill)
        try:
            sql_files.run(con, "schema/warehouse")
            warehouse = Warehouse(store, con, clock)
            warehouse.check_timezone()
            done_before = warehouse.run("ledger/runs_done")
            with duckdb_connection.translate_errors():
                yield warehouse
            [(runs, people)] = warehouse.run("ledger/runs_done")
            changed = copy and ([(runs, people)] != done_before or (runs > 0 and not warehouse_copies.copies(store)))
            if changed:
                con.execute("checkpoint")  # close() hides its errors
        finally:
            con.close()
        if changed:
            warehouse_copies.copy_warehouse(store)
