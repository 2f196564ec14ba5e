-- One row: a number that changes when the shops that the catalogue gives to events up to $ds do.
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
),

first_read as (
    select min(versions.since) as ds
    from versions
)

select
    count(*) as goods,
    sum(hash(moved.goods_key, moved.shop_key, nullif(moved.since, first_read.ds))) as version
from moved
cross join first_read
where
    moved.since <= greatest($ds, first_read.ds)
    and (moved.shop_key > 0 or moved.since > first_read.ds)
