-- What every candidate source may read, for one bucket of users, beside night_goods and night_pairs: the night, the
-- histories of its users before its end, and what these come to. Reads base_histories, days_since, night_types, shown
-- and catalogue_shops.

create table night as
select
    $ds as ds,
    $as_of as as_of;

-- One row per event of a user of the bucket; goods_key 0: a shop visit. A return was not bought, and is no touch or visit.
-- An event without a shop has the one that the catalogue gave its item that day.
create table night_histories as
with seen as (
    select
        user_key,
        goods_key,
        shop_key,
        type_key,
        event_ts,
        known_at,
        is_return
    from base_histories
    union all
    select
        user_key,
        goods_key,
        shop_key,
        type_key,
        event_ts,
        known_at,
        coalesce(weight <= 0, false) as is_return
    from days_since
    where user_key % $buckets = $bucket
)

select
    seen.user_key,
    seen.goods_key,
    coalesce(catalogue_shops.shop_key, seen.shop_key) as shop_key,
    night_types.event_type,
    night_types.bought and not seen.is_return as bought,
    seen.is_return,
    seen.event_ts,
    seen.known_at
from seen
inner join night_types using (type_key)
left join catalogue_shops
    on
        if(seen.shop_key = 0, seen.goods_key, null) = catalogue_shops.goods_key
        and seen.event_ts >= catalogue_shops.from_ts
        and seen.event_ts < catalogue_shops.until_ts;

-- One row per (user_key, goods_key): how often and when a user touched and bought it. A weight adds up millionths, a
-- million for an event at the end of the night, half as much for every 60 days of age.
create table night_touches as
with weighed as (
    select
        night_histories.*,
        (1e6 * pow(0.5, date_diff('second', night_histories.event_ts, night.as_of) / (86400.0 * 60)))::bigint as weight
    from night_histories
    cross join night
    where
        night_histories.goods_key > 0
        and not night_histories.is_return
)

select
    user_key,
    goods_key,
    count(*) as touches,
    sum(weight)::double as touch_weight,
    max(event_ts) as last_ts,
    count(*) filter (where bought) as purchases,
    coalesce(sum(weight) filter (where bought), 0)::double as purchase_weight,
    max(event_ts) filter (where bought) as last_bought_ts
from weighed
group by
    user_key,
    goods_key;

-- One row per (user_key, shop_key): how often a user was in a shop; the ten of each user they were in most.
create table night_shops as
select
    user_key,
    shop_key,
    count(*) as visits
from night_histories
where
    shop_key > 0
    and not is_return
group by
    user_key,
    shop_key
qualify row_number() over (partition by user_key order by visits desc, shop_key asc) <= 10;

-- One row per user of the bucket whom the night knows, by an event or because something was shown to them. A user is
-- new who has not touched any goods.
create table night_users as
with known as (
    select user_key
    from night_histories
    union
    select user_key
    from shown
    where
        user_key % $buckets = $bucket
        and event_ts < $as_of
)

select
    known.user_key,
    not exists (
        select 1
        from night_touches
        where night_touches.user_key = known.user_key
    ) as is_new
from known;

-- One row per goods that may be ranked and was touched lately: its place among all of them by that.
create view night_popular as
select
    goods_key,
    lately,
    row_number() over (order by lately desc, goods_key asc) as place
from night_goods
where
    active
    and lately > 0;

-- One row per (user_key, goods_key) bought in the last $exclude_bought_days days, but goods of $repeatable_categories.
create table bought_lately as
select
    night_touches.user_key,
    night_touches.goods_key
from night_touches
inner join night_goods using (goods_key)
cross join night
where
    $exclude_bought_days > 0
    and night_touches.last_bought_ts >= night.as_of - to_days($exclude_bought_days)
    and not coalesce(list_contains($repeatable_categories, night_goods.cat_id), false);

-- One row per (source, user_key, goods_key): a candidate of a source, by its number, with its points for the union.
create table candidate_rows (
    source bigint,
    user_key integer,
    goods_key integer,
    points bigint
);
