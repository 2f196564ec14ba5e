-- One row per table of a DuckDB file and column of it that tells people apart; a tombstone keeps the key it stands for.
select
    columns.schema_name,
    columns.table_name,
    columns.column_name
from duckdb_columns() as columns
inner join duckdb_tables() as tables using (database_name, schema_name, table_name)
where
    columns.database_name = current_database()
    and columns.column_name in ('user_key', 'user_id')
    and not tables.temporary
    and (columns.schema_name, columns.table_name) <> ('entities', 'forgotten')
order by all
