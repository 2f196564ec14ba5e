-- One row per item that the catalogue has, as read by the end of $ds, or before the first read as that read gave it.
create or replace temp table night_catalogue as
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
    versions.goods_key,
    versions.shop_key,
    versions.cat_id,
    versions.active
from versions
inner join seen on versions.since <= seen.ds and versions.until_ds > seen.ds;
