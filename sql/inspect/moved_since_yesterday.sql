-- What moved most between the last two nights? One row per (user_id, goods_id).
with last_two as (
    select
        max(ds) as night_after,
        max(ds) filter (where ds < (select max(newest.ds) from rankings as newest)) as night_before
    from rankings
)

select moved.*
from movers((select night_before from last_two), (select night_after from last_two)) as moved
limit 20
