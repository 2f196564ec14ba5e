-- One row where the release has the schema `inside`, which those of before have not.
select table_name
from duckdb_tables()
where
    schema_name = 'inside'
    and table_name = 'nights'
