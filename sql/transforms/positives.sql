-- One row per (user_key, goods_key) touched in the day, of the given event types (all where the list is empty; case does
-- not count), if the item was known the night before: one nobody had touched could not have been ranked. A return is no
-- positive. Reads day_events, the events that happened on the day, and known_goods.
create or replace temp macro positives_in(day_start, day_end, types) as table (
    with named as (
        select
            day_events.user_key,
            day_events.goods_key,
            day_events.event_ts,
            day_events.weight,
            event_types.event_type
        from day_events
        left join entities.event_types as event_types using (type_key)
    ),

    touched as (
        select
            user_key,
            goods_key,
            min(event_ts) as first_ts
        from named
        where
            goods_key > 0
            and event_ts >= day_start
            and event_ts < day_end
            and coalesce(weight > 0, true)
            and (
                len(types) = 0
                or list_contains(list_transform(types::varchar[], lambda name: lower(name)), lower(event_type)) -- noqa: RF02
            )
        group by
            user_key,
            goods_key
    )

    select
        touched.user_key,
        touched.goods_key,
        known_goods.shop_key,
        touched.first_ts
    from touched
    inner join known_goods using (goods_key)
    order by
        touched.user_key,
        touched.goods_key
);
