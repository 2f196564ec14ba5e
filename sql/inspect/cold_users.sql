-- Who has little history, and what do they get? One row per user with fewer than five goods in their sequence.
with known as (
    select
        user_id,
        len(goods_ids) as touched
    from goods_sequences
    where ds = (select max(rankings.ds) from rankings)
)

select
    latest_rankings.user_id,
    coalesce(any_value(known.touched), 0) as touched,
    count(*) as goods_ranked,
    max(latest_rankings.score) as best_score,
    list_sort(list_distinct(flatten(list(latest_rankings.sources)))) as sources
from latest_rankings
left join known using (user_id)
where coalesce(known.touched, 0) < 5
group by latest_rankings.user_id
order by
    touched asc,
    latest_rankings.user_id asc
limit 20
