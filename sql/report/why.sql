-- One row per (goods_id, part, history_id): what carried the weight of the ranked goods of the user $who on $ds, goods by
-- rank, the strongest first.
select
    rankings.rank,
    why.goods_id,
    why.part,
    why.history_id::varchar as history_id,
    goods.name as history_name,
    why.event_ts,
    why.weight
from why
inner join rankings using (ds, user_id, goods_id)
left join goods
    on
        why.part = 'goods'
        and why.history_id::varchar = goods.goods_id::varchar
where
    why.user_id = $who
    and why.ds = $ds
order by
    rankings.rank asc,
    why.part asc,
    abs(why.weight) desc,
    why.history_id asc
