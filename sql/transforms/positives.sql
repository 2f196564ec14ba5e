-- One row per (user_key, goods_key) touched in the day, of the given event types (all where the list is empty), if
-- the goods was known the night before: a goods nobody had touched could not have been ranked. Reads histories and
-- known_goods.
create or replace temp macro positives_in(day_start, day_end, types) as table (
    with touched as (
        select distinct
            user_key,
            goods_key
        from histories
        where
            goods_key > 0
            and event_ts >= day_start
            and event_ts < day_end
            and (len(types) = 0 or list_contains(types, event_type))
    )

    select
        touched.user_key,
        touched.goods_key,
        known_goods.shop_key
    from touched
    inner join known_goods using (goods_key)
    order by
        touched.user_key,
        touched.goods_key
);
