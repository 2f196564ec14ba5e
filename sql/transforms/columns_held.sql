-- One row: for each column that a source may lack, whether any row of judged_events has a value in it.
-- Counted before ids are joined to keys, which is what takes time.
with judged as (
    select
        known_at,
        event_id,
        weight,
        cat_id
    from kept_events
    union all
    select
        known_at,
        event_id,
        weight,
        cat_id
    from contested_events
)

select
    count(known_at) > 0 as known_at,
    count(event_id) > 0 as event_id,
    count(weight) > 0 as weight,
    count(cat_id) > 0 as cat_id
from judged
