-- One row per table of the attached file `old`, and whether it says whose its rows are.
select
    tables.schema_name,
    tables.table_name,
    count(*) filter (where columns.column_name = 'user_id') > 0 as has_users
from duckdb_tables() as tables
inner join duckdb_columns() as columns using (database_name, schema_name, table_name)
where tables.database_name = 'old'
group by
    tables.schema_name,
    tables.table_name
order by
    tables.schema_name,
    tables.table_name
