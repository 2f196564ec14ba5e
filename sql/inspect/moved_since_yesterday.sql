-- What moved most between the last two nights? One row per (user_id, goods_id); what came in or fell out stands last.
with last_two as (
    select
        min(ds) as yesterday,
        max(ds) as tonight
    from ranked_nights
    where nights_back <= 2
)

select moved.*
from movers((select last_two.yesterday from last_two), (select last_two.tonight from last_two)) as moved -- noqa: AL04
order by
    abs(moved.places_up) desc nulls last,
    moved.user_id asc,
    moved.goods_id asc
limit 20
