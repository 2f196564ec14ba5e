-- How fresh is each source, and is its newest day as full as the week before it? One row per source.
with days as (
    select
        substr(asset, len('events.') + 1) as source,
        ds,
        rows,
        quarantined,
        row_number() over (partition by asset order by ds desc) as days_back
    from intervals
    where
        starts_with(asset, 'events.')
        and status = 'done'
        and rows > 0
)

select
    source,
    max(ds) as newest_day,
    any_value(rows) filter (where days_back = 1) as rows_that_day,
    round(avg(rows) filter (where days_back between 2 and 8)) as mean_of_a_week_before,
    sum(quarantined) filter (where days_back <= 8) as quarantined
from days
group by source
order by source
