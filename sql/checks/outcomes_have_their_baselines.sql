-- warn: one row per part that the newest outcomes lack: a simpler order of the same candidates, or the segments.
-- A file of the night before is damaged or gone, or its ranking was rebuilt since.
-- do: see what is damaged with nightrank doctor; the log line outcomes_left_out has the reason
with newest as (
    select
        outcomes.ds,
        any_value(models.ds) as trained_ds
    from outcomes
    inner join models on outcomes.model_id = models.model_id
    where outcomes.ds = (select max(nights.ds) from nights)
    group by outcomes.ds
),

parts as (
    select
        ds,
        unnest(['popular', 'bought_again', 'segments']) as part
    from newest
    union all
    select
        newest.ds,
        'mean' as part
    from newest
    where exists (
        select 1 from models
        where
            models.pooling = 'mean'
            and models.ds = newest.trained_ds
            and models.removed_at is null
    )
),

present as (
    select
        ds,
        ranker as part
    from baselines
    union all
    select
        ds,
        'segments' as part
    from outcomes_by_segment
)

select
    parts.ds,
    parts.part
from parts
anti join present on parts.ds = present.ds and parts.part = present.part
order by parts.part
