-- One row per row of a relation like kept_events, as in keyed('kept_events'): ids replaced by keys, 0 where there is none.
-- (event_ts, known_at, event_id, event_no) orders the events of a user: a number given as event_id is event_no, a text
-- stays event_id, and an event that the source does not name is told apart by its content. Exact repeats are alike in
-- all of it.
create or replace temp macro keyed(kept_rows) as table
    select
        kept_events.place,
        kept_events.seen_ds,
        kept_events.event_ds,
        kept_events.read_ds,
        users.user_key,
        coalesce(goods.goods_key, 0) as goods_key,
        coalesce(shops.shop_key, 0) as shop_key,
        coalesce(event_types.type_key, 0)::smallint as type_key,
        kept_events.event_ts,
        kept_events.known_at,
        kept_events.event_id,
        coalesce(
            kept_events.event_no,
            xor(
                xor(coalesce(goods.content_hash, 0), coalesce(shops.content_hash, 0)),
                xor(
                    coalesce(event_types.content_hash, 0),
                    xor(
                        coalesce(content_hash('weight', kept_events.weight), 0),
                        coalesce(content_hash('cat', kept_events.cat_id), 0)
                    )
                )
            )
        )::ubigint as event_no,
        kept_events.event_no is not null as named,
        kept_events.weight,
        kept_events.cat_id
    from query_table(kept_rows) as kept_events -- noqa: RF02
    inner join entities.users as users using (user_id)
    left join entities.goods as goods using (goods_id)
    left join entities.shops as shops using (shop_id)
    left join entities.event_types as event_types using (event_type);

create or replace temp view keyed_events as
from keyed('kept_events');
