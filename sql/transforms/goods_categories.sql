-- One row per goods with a category: the catalogue's, or else that of the newest event that names one. Reads
-- category_events and night_catalogue.
create or replace temp view goods_categories as
with of_events as (
    select
        goods_key,
        arg_max(
            cat_id,
            row(event_ts, coalesce(known_at, timestamp '1970-01-01'), coalesce(event_id, ''), event_no, cat_id)
        ) as cat_id
    from category_events
    where
        goods_key > 0
        and cat_id is not null
    group by goods_key
)

select
    goods_key,
    coalesce(catalogue.cat_id, of_events.cat_id) as cat_id
from night_catalogue as catalogue
full join of_events using (goods_key)
where coalesce(catalogue.cat_id, of_events.cat_id) is not null;
