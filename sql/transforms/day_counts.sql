-- One row: what became of the rows just read. rows_in = rows + duplicates + quarantined.
select
    count(distinct ds) as days,
    count(*) as rows_in,
    count(*) filter (where refused is null and not duplicate) as rows,
    count(*) filter (where duplicate) as duplicates,
    count(*) filter (where refused is not null) as quarantined
from day_events
