-- One row per rank: the first goods of a user tonight, by name.
select
    ds,
    rank,
    name,
    goods_id,
    shop_id,
    score,
    sources
from ranking_for($who)
where rank <= $ranks
order by rank
