-- One row per reason for which rows of day_events are refused: how many, and one of them. Rows of forgotten people are
-- not shown.
with refused_rows as (
    select *
    from day_events
    where
        refused is not null
        and refused <> 'forgotten'
)

select
    refused as reason,
    count(*) as row_count,
    min(refused_rows) as example -- noqa: RF01
from refused_rows
group by refused
order by
    row_count desc,
    reason asc
