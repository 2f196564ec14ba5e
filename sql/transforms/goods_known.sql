-- One row per goods touched before as_of, as far as it was known by then: the shop it was last seen in, and its
-- popularity, the number of different users who touched it in the last popular_days days. A return makes an item known
-- and never popular. Reads histories.
create or replace temp macro goods_known_at(as_of, popular_days) as table (
    select
        goods_key,
        arg_max(
            shop_key,
            row(event_ts, coalesce(known_at, timestamp '1970-01-01'), coalesce(event_id, ''), event_no, shop_key)
        ) as shop_key,
        count(distinct user_key) filter (
            where event_ts >= as_of - to_days(popular_days)
            and not is_return
        ) as popularity
    from histories
    where
        goods_key > 0
        and event_ts < as_of
        and coalesce(known_at <= as_of, true)
    group by goods_key
);
