-- One row per (goods_key, other_key): goods that the same users touched lately, of each at most the $others that go with
-- it most, by the cosine of their users. One share of the goods at a time, so that memory is bounded. Reads recent_goods.
with pairs as (
    select
        recent_goods.goods_key,
        others.goods_key as other_key,
        count(*)::integer as together,
        count(*) / (sqrt(any_value(recent_goods.users) * any_value(others.users)) + $shrink) as cosine
    from recent_goods
    inner join recent_goods as others
        on
            recent_goods.user_key = others.user_key
            and recent_goods.goods_key <> others.goods_key
    where recent_goods.goods_key % $parts = $part
    group by
        recent_goods.goods_key,
        others.goods_key
    having count(*) >= $pair_support
)

select
    goods_key,
    other_key,
    together,
    cosine
from pairs
qualify row_number() over (partition by goods_key order by cosine desc, other_key asc) <= $others
order by
    goods_key,
    other_key
