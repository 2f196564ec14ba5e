-- How much of what is ranked did the users touch before? One row per rank, for the first ten.
select
    latest_rankings.rank,
    count(*) as users,
    count(*) filter (
        where list_contains(goods_sequences.goods_ids, latest_rankings.goods_id)
    ) / count(*) as touched_before
from latest_rankings
left join goods_sequences using (ds, user_id)
where latest_rankings.rank <= 10
group by latest_rankings.rank
order by latest_rankings.rank
