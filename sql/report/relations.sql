-- One row per relation of the published file: its columns. Releases of before some of them lack those.
select
    table_name as relation,
    list(column_name order by column_index) as columns
from duckdb_columns()
where
    not internal
    and database_name = current_database()
    and schema_name = 'main'
group by table_name
order by table_name
