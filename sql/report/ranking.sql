-- One row per rank: the first ten goods of the user $who on $ds, by name.
select
    ranked.rank,
    ranked.goods_id,
    ranked.name,
    ranked.shop_id,
    ranked.score,
    ranked.sources
from ranking_at($who, $ds) as ranked
where ranked.rank <= 10
order by ranked.rank
