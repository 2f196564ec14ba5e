-- Makes DuckDB count the skipped rows of CSV files from zero: its tables are of the connection, not of a source.
drop table if exists reject_errors;

drop table if exists reject_scans;
