-- One row: how many lines of CSV files were skipped, and the first of them. A line has a row for each of its errors in each
-- scan of its file. Reads reject_errors and reject_scans, which DuckDB writes where a query says store_rejects.
with skipped as (
    select
        reject_scans.file_path,
        reject_errors.line_byte_position,
        reject_errors.line,
        reject_errors.column_idx,
        reject_errors.error_message
    from reject_errors
    inner join reject_scans
        on
            reject_errors.scan_id = reject_scans.scan_id
            and reject_errors.file_id = reject_scans.file_id
)

select
    count(distinct (file_path, line_byte_position)) as rows,
    min((
        file_path, line, column_idx, file_path || ' line ' || line || ': ' || split_part(error_message, chr(10), 1)
    ))[4] as example
from skipped
