-- Which goods are ranked tonight and were not in any night before that is here? One row per goods.
with ranked as (
    select
        goods_id,
        count(*) as users,
        min(rank) as best_rank
    from rankings
    group by goods_id
    having min(ds) = (select max(newest.ds) from rankings as newest)
)

select
    ranked.goods_id,
    goods.name,
    ranked.users,
    ranked.best_rank
from ranked
left join goods using (goods_id)
order by
    ranked.users desc,
    ranked.goods_id asc
limit 20
