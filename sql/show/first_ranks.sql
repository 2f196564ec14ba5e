-- One row per rank: the first goods of a user in a night, by name.
select
    rank,
    name,
    goods_id,
    shop_id,
    score,
    sources
from ranking_at($who, $night)
where rank <= $ranks
order by rank
