-- Which goods reach the most users' first ten tonight? One row per goods.
select
    latest_rankings.goods_id,
    goods.name,
    count(*) as users,
    avg(latest_rankings.score) as mean_score
from latest_rankings
left join goods using (goods_id)
where latest_rankings.rank <= 10
group by
    latest_rankings.goods_id,
    goods.name
order by
    users desc,
    latest_rankings.goods_id asc
limit 20
