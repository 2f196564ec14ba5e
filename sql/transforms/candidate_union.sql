-- One row per (user_key, goods_key): the candidates of all sources, the names of the sources kept, at most $per_user of
-- each user. Reads candidate_rows, which each source has filled up to its quota.
with merged as (
    select
        user_key,
        goods_key,
        any_value(shop_key) as shop_key,
        list(source order by source) as sources,
        min(place) as best_place
    from candidate_rows
    group by
        user_key,
        goods_key
)

select
    user_key,
    goods_key,
    shop_key,
    sources
from merged
qualify
    row_number() over (
        partition by user_key
        order by best_place asc, len(sources) desc, goods_key asc
    ) <= $per_user
order by
    user_key,
    goods_key
