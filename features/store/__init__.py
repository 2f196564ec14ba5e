"""The folder of a store: its lock, lake, warehouse, DuckDB connections, SQL files and fingerprints.

It knows files and statements, and no event, night or model.
"""

from features.store.store import Store

__all__ = [
    "Store",
    "duckdb_connection",
    "fingerprints",
    "lake",
    "permissions",
    "scratch",
    "sql_builder",
    "sql_files",
    "storage_version",
    "store",
    "typed_ids",
    "warehouse",
    "warehouse_copies",
]
