-- One row per (user_key, as_of, goods_key) shown: the label is whether it was taken whenever it was shown then. The shop
-- is the one shown, or else the one the goods was last seen in. Reads day_impressions and known_goods.
select
    day_impressions.user_key,
    day_impressions.goods_key,
    coalesce(nullif(max(day_impressions.shop_key), 0), max(known_goods.shop_key), 0)::integer as shop_key,
    case when $night then $start::timestamp else day_impressions.event_ts end as as_of,
    max(day_impressions.label)::tinyint as label
from day_impressions
left join known_goods using (goods_key)
group by
    day_impressions.user_key,
    day_impressions.goods_key,
    case when $night then $start::timestamp else day_impressions.event_ts end
order by
    day_impressions.user_key,
    as_of,
    day_impressions.goods_key
