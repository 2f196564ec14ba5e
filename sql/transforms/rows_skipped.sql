-- One row: how many lines of CSV files were skipped, and the first of them. A line has a row for each of its errors in each
-- scan of its file. Reads reject_errors and reject_scans, which DuckDB writes where a query says store_rejects.
with skipped as (
    select
        reject_scans.file_path,
        reject_errors.line_byte_position,
        min((
            reject_scans.file_path,
            reject_errors.line,
            reject_errors.column_idx,
            split_part(reject_errors.error_message, chr(10), 1)
        )) as first_error
    from reject_errors
    inner join reject_scans
        on
            reject_errors.scan_id = reject_scans.scan_id
            and reject_errors.file_id = reject_scans.file_id
    group by
        reject_scans.file_path,
        reject_errors.line_byte_position
),

summed as (
    select
        count(*) as rows,
        min(first_error) as first_error
    from skipped
)

select
    rows,
    first_error[1] || ' line ' || first_error[2] || ': ' || first_error[4] as example
from summed
