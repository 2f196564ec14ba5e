-- What every candidate source may read, for one bucket of users: the night, its users, and their histories before its
-- end (night_goods is there too). Reads base_histories, days_since and event_types.

create table night as
select
    $ds as ds,
    $as_of as as_of;

create table night_histories as
with seen as (
    select
        user_key,
        goods_key,
        shop_key,
        type_key,
        event_ts,
        known_at
    from base_histories
    union all
    select
        user_key,
        goods_key,
        shop_key,
        type_key,
        event_ts,
        known_at
    from days_since
    where user_key % $buckets = $bucket
)

select
    seen.user_key,
    seen.goods_key,
    seen.shop_key,
    event_types.event_type,
    seen.event_ts,
    seen.known_at
from seen
left join event_types using (type_key);

create view night_users as
select distinct user_key
from night_histories;

create table candidate_rows (
    source varchar,
    user_key integer,
    goods_key integer,
    strength double
);
