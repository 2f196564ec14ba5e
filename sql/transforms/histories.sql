-- One row per event of the users of one bucket, in the one total order, user by user. Reads events.
create or replace temp macro histories_of(bucket, buckets) as table (
    select
        user_key,
        goods_key,
        shop_key,
        event_type,
        event_ts,
        known_at,
        event_id
    from events
    where user_key % buckets = bucket
    order by
        user_key,
        event_ts,
        known_at,
        event_id
);
