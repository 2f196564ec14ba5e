-- Which goods are ranked tonight and were not in any night before that is here? One row per goods.
select
    rankings.goods_id,
    goods.name,
    count(*) as users,
    min(rankings.rank) as best_rank
from rankings
inner join ranked_nights using (ds)
left join goods using (goods_id)
group by
    rankings.goods_id,
    goods.name
having max(ranked_nights.nights_back) = 1
order by
    users desc,
    rankings.goods_id asc
limit 20
