-- What moved most between the last two nights? One row per (user_id, goods_id); what came in or fell out stands last.
with last_two as (
    select distinct ds
    from rankings
    order by ds desc
    limit 2
)

select moved.*
from movers((select min(last_two.ds) from last_two), (select max(last_two.ds) from last_two)) as moved
order by
    abs(moved.places_up) desc nulls last,
    moved.user_id asc,
    moved.goods_id asc
limit 20
