-- How many active goods does nobody get tonight? One row per category.
with ranked as (
    select distinct goods_id
    from latest_rankings
)

select
    goods.cat_id,
    count(*) as active_goods,
    count(*) - count(ranked.goods_id) as nobody_gets,
    1 - count(ranked.goods_id) / count(*) as share
from goods
left join ranked using (goods_id)
where goods.active
group by goods.cat_id
order by
    nobody_gets desc,
    goods.cat_id asc
limit 20
