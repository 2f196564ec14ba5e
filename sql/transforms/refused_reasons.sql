-- One row per reason for which rows of day_events are refused: how many, and one of them. Rows of forgotten people are
-- not shown.
select
    refused as reason,
    count(*) as rows,
    min(day_events) as example
from day_events
where
    refused is not null
    and refused <> 'forgotten'
group by refused
order by
    rows desc,
    reason asc
