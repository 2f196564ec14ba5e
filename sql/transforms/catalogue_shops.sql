-- One row per (goods_key, since) at which the catalogue gave an item another shop, oldest first; 0: no shop. An event
-- without a shop takes the one of its day. since is NULL for what the first read gave, which counts for all days before.
with versions as (
    select
        goods_key,
        shop_key,
        coalesce(since, date '1970-01-01') as since
    from entities.catalogue
    union all
    select
        goods_key,
        shop_key,
        since
    from entities.catalogue_before
),

moved as (
    select versions.*
    from versions
    anti join entities.catalogue_before as before
        on
            versions.goods_key = before.goods_key
            and versions.since = before.until_ds
            and versions.shop_key = before.shop_key
)

select
    goods_key,
    shop_key,
    nullif(since, (select min(versions.since) from versions)) as since
from moved
order by
    goods_key,
    since nulls first
