-- One row per (user_key, goods_key): the candidates of all sources, the names of the sources kept, the $per_user of each
-- user with the most points. Reads candidate_rows, which each source has filled up to its quota, and night_goods. A
-- source is a bit of a number until the rows are few: a list of names for each row took most of the time.
with merged as (
    select
        user_key,
        goods_key,
        bit_or(1 << source) as bits,
        sum(points) as points
    from candidate_rows
    group by
        user_key,
        goods_key
),

best as (
    select
        user_key,
        goods_key,
        bits
    from merged
    qualify row_number() over (partition by user_key order by points desc, goods_key asc) <= $per_user
),

sold as (
    select
        best.user_key,
        best.goods_key,
        night_goods.shop_key,
        best.bits
    from best
    inner join night_goods using (goods_key)
)

select
    user_key,
    goods_key,
    shop_key,
    list_select(
        $sources::varchar[],
        list_filter(range(1, len($sources::varchar[]) + 1), lambda place: bits >> (place - 1) & 1 = 1)
    ) as sources
from sold
order by
    user_key,
    goods_key
