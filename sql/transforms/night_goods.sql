-- One row per goods known at the end of the night: shop, category, whether it may be ranked, and popularity.
select
    known.goods_key,
    known.shop_key,
    catalogue.cat_id,
    coalesce(catalogue.active, true) as active,
    known.popularity
from goods_known_at($as_of, $popular_days) as known
left join entities.catalogue as catalogue using (goods_key)
order by known.goods_key
