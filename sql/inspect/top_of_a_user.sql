-- What is ranked first for one user tonight, by name? One row per rank.
select
    latest_rankings.user_id,
    latest_rankings.rank,
    latest_rankings.goods_id,
    goods.name,
    latest_rankings.score,
    latest_rankings.sources
from latest_rankings
left join goods using (goods_id)
where
    latest_rankings.user_id = (select min(first_user.user_id) from latest_rankings as first_user)
    and latest_rankings.rank <= 10
order by latest_rankings.rank
