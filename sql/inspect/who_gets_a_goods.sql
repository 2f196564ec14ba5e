-- Who gets a goods tonight, and at which rank? One row per user; put a goods_id of yours in place of the first query,
-- which takes the goods that most users get.
with asked as (
    select goods_id
    from latest_rankings
    group by goods_id
    order by
        count(*) desc,
        goods_id asc
    limit 1
)

select
    latest_rankings.goods_id,
    goods.name,
    latest_rankings.user_id,
    latest_rankings.rank,
    latest_rankings.score,
    latest_rankings.sources
from latest_rankings
inner join asked using (goods_id)
left join goods using (goods_id)
order by
    latest_rankings.rank asc,
    latest_rankings.user_id asc
limit 50
