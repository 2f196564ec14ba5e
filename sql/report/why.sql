-- One row per (goods_id, part, history_id): what carried the weight of the ranked goods of the user $who on $ds, goods by
-- rank, the strongest first; with share, where the release has it.
with explained as (
    select why.* replace (why.history_id::varchar as history_id)
    from why
    where
        why.user_id = $who
        and why.ds = $ds
)

select
    rankings.rank,
    goods.name as history_name,
    explained.*
from explained
inner join rankings using (ds, user_id, goods_id)
left join goods
    -- `part = 'goods' and ...` here would compare every row with every goods
    on if(explained.part = 'goods', explained.history_id, null) = goods.goods_id::varchar
order by
    rankings.rank asc,
    explained.part asc,
    abs(explained.weight) desc,
    explained.history_id asc
