-- Gives each id not seen before the next keys: by the first day that brought it, then by id. Reads kept_events.
-- So reading days one by one or all at once gives the same keys. The key of a forgotten user is not given again.

insert into entities.users
with first_seen as (
    select
        user_id,
        min(kept_events.read_ds) as first_ds
    from kept_events
    anti join entities.users using (user_id)
    group by user_id
)

select
    first_seen.user_id,
    greatest(
        (select coalesce(max(known.user_key), 0) from entities.users as known),
        (select coalesce(max(forgotten.user_key), 0) from entities.forgotten as forgotten)
    )
    + row_number() over (order by first_seen.first_ds, first_seen.user_id) as user_key,
    first_seen.first_ds
from first_seen;

insert into entities.goods
with first_seen as (
    select
        goods_id,
        min(kept_events.read_ds) as first_ds
    from kept_events
    anti join entities.goods using (goods_id)
    where goods_id is not null
    group by goods_id
)

select
    first_seen.goods_id,
    (select coalesce(max(known.goods_key), 0) from entities.goods as known)
    + row_number() over (order by first_seen.first_ds, first_seen.goods_id) as goods_key,
    first_seen.first_ds,
    content_hash('goods', first_seen.goods_id) as content_hash
from first_seen;

insert into entities.shops
with first_seen as (
    select
        shop_id,
        min(kept_events.read_ds) as first_ds
    from kept_events
    anti join entities.shops using (shop_id)
    where shop_id is not null
    group by shop_id
)

select
    first_seen.shop_id,
    (select coalesce(max(known.shop_key), 0) from entities.shops as known)
    + row_number() over (order by first_seen.first_ds, first_seen.shop_id) as shop_key,
    first_seen.first_ds,
    content_hash('shop', first_seen.shop_id) as content_hash
from first_seen;

insert into entities.event_types
with first_seen as (
    select
        event_type,
        min(kept_events.read_ds) as first_ds
    from kept_events
    anti join entities.event_types using (event_type)
    where event_type is not null
    group by event_type
)

select
    first_seen.event_type,
    (select coalesce(max(known.type_key), 0) from entities.event_types as known)
    + row_number() over (order by first_seen.first_ds, first_seen.event_type) as type_key,
    first_seen.first_ds,
    content_hash('type', first_seen.event_type) as content_hash
from first_seen;
