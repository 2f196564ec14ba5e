-- stop: one row per shop sequence with an event at or after the end of its day, out of order, or lists unlike in length.
select
    shop_sequences.ds,
    shop_sequences.user_id,
    list_last(shop_sequences.event_ts) as latest
from shop_sequences
inner join nights using (ds)
where
    list_max(shop_sequences.event_ts) >= nights.as_of
    or shop_sequences.event_ts <> list_sort(shop_sequences.event_ts)
    or len(shop_sequences.shop_ids) <> len(shop_sequences.event_ts)
    or len(shop_sequences.event_types) <> len(shop_sequences.event_ts)
