-- One row: how many rows are refused, forgotten people's apart. Reads refused_counts.
select coalesce(sum(rows), 0)::bigint as rows
from refused_counts
where reason <> 'forgotten'
