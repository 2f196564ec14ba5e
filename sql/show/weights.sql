-- One row per (part, history_id) kept of why a goods is ranked in a night, the strongest first: its name, how often it
-- stands in what the model saw, the newest $goods_length and $shop_length of the sequences (NULL where that is not
-- known), and all of why: share is there in releases that have it.
with counted as (
    select
        'goods' as part,
        unnest(goods_ids[-$goods_length::integer:])::varchar as history_id
    from goods_sequences
    where
        ds = $night
        and user_id = $who
    union all
    select
        'shop' as part,
        unnest(shop_ids[-$shop_length::integer:])::varchar as history_id
    from shop_sequences
    where
        ds = $night
        and user_id = $who
),

times as (
    select
        part,
        history_id,
        count(*) as times
    from counted
    group by
        part,
        history_id
)

select
    goods.name,
    times.times,
    why.*
from why
left join times
    on
        why.part = times.part
        and why.history_id::varchar = times.history_id
left join goods
    -- history_id is text where shop ids are; `part = 'goods' and ...` here would compare every row with every goods
    on if(why.part = 'goods', why.history_id::varchar, null) = goods.goods_id::varchar
where
    why.user_id = $who
    and why.goods_id = $what
    and why.ds = $night
order by
    why.part asc,
    abs(why.weight) desc,
    why.history_id asc
