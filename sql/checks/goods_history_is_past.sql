-- stop: one row per goods sequence with an event at or after the end of its day, out of order, or lists unlike in length.
select
    goods_sequences.ds,
    goods_sequences.user_id,
    list_last(goods_sequences.event_ts) as latest
from goods_sequences
inner join nights using (ds)
where
    list_max(goods_sequences.event_ts) >= nights.as_of
    or goods_sequences.event_ts <> list_sort(goods_sequences.event_ts)
    or len(goods_sequences.goods_ids) <> len(goods_sequences.event_ts)
    or len(goods_sequences.event_types) <> len(goods_sequences.event_ts)
