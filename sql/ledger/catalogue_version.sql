-- One row: what the night of $ds sees of the catalogue, as numbers that change with it; names do not count. `known` is
-- what examples depend on: which items are known, and their shops.
with versions as (
    select
        goods_key,
        shop_key,
        cat_id,
        active,
        coalesce(since, date '1970-01-01') as since,
        date '9999-12-31' as until_ds
    from entities.catalogue
    union all
    select
        goods_key,
        shop_key,
        cat_id,
        active,
        since,
        until_ds
    from entities.catalogue_before
),

seen as (
    select greatest($ds, (select min(versions.since) from versions)) as ds
)

select
    count(*) as goods,
    sum(hash(versions.goods_key, versions.shop_key, versions.cat_id, versions.active)) as version,
    sum(hash(versions.goods_key, versions.shop_key, versions.active)) filter (
        where versions.active or versions.shop_key > 0
    ) as known
from versions
inner join seen on versions.since <= seen.ds and versions.until_ds > seen.ds
