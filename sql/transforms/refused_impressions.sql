-- One row per refused impression, with its reason; those without a usable time under 1970-01-01.
select
    coalesce(read_ds, date '1970-01-01') as ds,
    user_id,
    goods_id,
    shop_id,
    event_ts,
    label,
    refused
from day_events
where refused is not null
order by all
