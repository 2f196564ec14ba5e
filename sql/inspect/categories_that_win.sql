-- Which categories fill the first ten tonight, beside their share of all active goods? One row per category.
with catalogue as (
    select
        cat_id,
        count(*) / sum(count(*)) over () as share_of_goods
    from goods
    where active
    group by cat_id
),

ranked as (
    select
        goods.cat_id,
        count(*) / sum(count(*)) over () as share_of_first_ten
    from latest_rankings
    inner join goods using (goods_id)
    where latest_rankings.rank <= 10
    group by goods.cat_id
)

select
    catalogue.cat_id,
    coalesce(ranked.share_of_first_ten, 0) as share_of_first_ten,
    catalogue.share_of_goods
from catalogue
left join ranked on catalogue.cat_id is not distinct from ranked.cat_id
order by
    share_of_first_ten desc,
    catalogue.cat_id asc
limit 20
