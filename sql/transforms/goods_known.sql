-- One row per goods touched before as_of: the shop it was last seen in, and its popularity, the number of different
-- users who touched it in the last popular_days days. Reads histories.
create or replace temp macro goods_known_at(as_of, popular_days) as table (
    select
        goods_key,
        arg_max(shop_key, row(event_ts, known_at, event_id)) as shop_key,
        count(distinct user_key) filter (where event_ts >= as_of - to_days(popular_days)) as popularity
    from histories
    where
        goods_key > 0
        and event_ts < as_of
    group by goods_key
);
