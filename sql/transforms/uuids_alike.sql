-- One row where ids that are new here are UUIDs that the store, or the same read, has in other letters: how many, one of
-- them, and the other way in which it is written. Reads given_uuids and known_uuids.
with strangers as (
    select given_uuids.*
    from given_uuids
    anti join known_uuids using (id)
),

written_twice as (
    select
        strangers.id,
        known_uuids.id as other_id
    from strangers
    inner join known_uuids on strangers.uuid = known_uuids.uuid
    union all
    select
        max(id) as id,
        min(id) as other_id
    from strangers
    group by uuid
    having count(*) > 1
)

select
    id,
    other_id,
    count(*) over () as ids
from written_twice
order by
    id,
    other_id
limit 1
