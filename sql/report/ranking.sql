-- One row per rank: the first $ranks goods of the user $who on $ds, by name.
select
    ranked.rank,
    ranked.goods_id,
    ranked.name,
    ranked.shop_id,
    ranked.score,
    ranked.sources
from ranking_at($who, $ds) as ranked
where ranked.rank <= $ranks
order by ranked.rank
