-- Which past goods and shops carry the most weight over all users tonight? One row per (part, history_id).
select
    why.part,
    why.history_id,
    goods.name,
    count(distinct why.user_id) as users,
    count(*) as goods_explained,
    sum(why.weight) as weight
from why
left join goods
    -- one equality: `part = 'goods' and ...` here would compare every row with every goods
    on if(why.part = 'goods', why.history_id::varchar, null) = goods.goods_id::varchar
where why.ds = (select max(rankings.ds) from rankings)
group by
    why.part,
    why.history_id,
    goods.name
order by
    users desc,
    goods_explained desc,
    why.part asc,
    why.history_id asc
limit 20
