-- One row per item touched before as_of, as far as it was known by then, or active in the catalogue: the last shop it
-- was seen in, else the catalogue's, 0 where neither says; and its popularity, the number of different users who touched
-- it in the last popular_days days. A return makes an item known and never popular. Reads histories and night_catalogue.
create or replace temp macro goods_known_at(as_of, popular_days) as table (
    with touched as (
        select
            goods_key,
            arg_max(
                shop_key,
                row(event_ts, coalesce(known_at, timestamp '1970-01-01'), coalesce(event_id, ''), event_no, shop_key)
            ) filter (where shop_key > 0) as shop_key,
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
    )

    select
        goods_key,
        coalesce(touched.shop_key, night_catalogue.shop_key, 0) as shop_key,
        coalesce(touched.popularity, 0) as popularity,
        touched.popularity is not null as is_touched
    from touched
    full join night_catalogue using (goods_key)
    where
        touched.popularity is not null
        or night_catalogue.active
);
