-- One row per (user_key, goods_key): the popular goods of the forty categories the user touches most, by how
-- likely the category is for the user and the goods within it.
with categories_of_user as (
    select
        night_touches.user_key,
        night_goods.cat_id,
        sum(night_touches.touch_weight) as weight
    from night_touches
    inner join night_goods using (goods_key)
    where night_goods.cat_id is not null
    group by
        night_touches.user_key,
        night_goods.cat_id
    qualify
        row_number() over (
            partition by night_touches.user_key
            order by sum(night_touches.touch_weight) desc, night_goods.cat_id asc
        ) <= 40
),

goods_of_category as (
    select
        cat_id,
        goods_key,
        lately / sum(lately) over (partition by cat_id) as share
    from night_goods
    where
        active
        and lately > 0
        and cat_id is not null
    qualify row_number() over (partition by cat_id order by lately desc, goods_key asc) <= 20
)

select
    categories_of_user.user_key,
    goods_of_category.goods_key,
    categories_of_user.weight * goods_of_category.share as strength
from categories_of_user
inner join goods_of_category using (cat_id)
