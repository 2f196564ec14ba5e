-- One row where the store has met users: the type of their ids.
select data_type
from duckdb_columns()
where
    database_name = current_database()
    and schema_name = 'entities'
    and table_name = 'users'
    and column_name = 'user_id'
