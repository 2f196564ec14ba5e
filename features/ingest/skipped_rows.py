"""Lines that readers of CSV skip (`ignore_errors`) -> how many, noted by source: no row disappears uncounted."""

from typing import Any

import duckdb

from features.ingest.sources import OpenSource, Source
from features.store import duckdb_connection, sql_files
from features.store.warehouse import Warehouse


def count_skipped(con: duckdb.DuckDBPyConnection) -> tuple[int, str | None]:
    """How many lines of its files the source that was opened last skipped, and the first of them."""
    if not duckdb_connection.has_table(con, "main", "reject_errors"):
        return 0, None
    [(rows, example)] = sql_files.run(con, "transforms/rows_skipped").fetchall()
    return rows, example


def skipped_row_count(con: duckdb.DuckDBPyConnection, reading: OpenSource) -> dict[str, Any]:
    """`rows_skipped` and `warnings` of a read."""
    rows, example = count_skipped(con)
    warned = [f"the reader skipped {rows} line(s), such as {example}"] if rows else []
    return {"rows_skipped": rows, "warnings": [*reading.warnings, *warned]}


def record_skipped(warehouse: Warehouse, source: Source) -> None:
    """Records how many lines were skipped, in place of what the read before noted."""
    rows, _ = count_skipped(warehouse.con)
    warehouse.run("ledger/note_skipped", asset=source.asset, rows=rows, run_id=warehouse.run_id, now=warehouse.clock())
