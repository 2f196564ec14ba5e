-- One row: the version that the open file is written in, and the DuckDB that reads it.
select
    databases.tags['storage_version'] as written_in,
    version() as read_by
from duckdb_databases() as databases
where databases.database_name = current_database()
