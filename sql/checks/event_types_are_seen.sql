-- warn: one row per setting that lists event types none of which the newest night sees, so that nothing counts for it.
-- do: compare the setting with the types that the log line event_types_not_seen lists, and correct it in nightrank.toml;
-- an empty list, such as purchase_event_types = [], means every type
select
    ds,
    unnest(unmatched_types) as setting
from nights
where ds = (select max(newest.ds) from nights as newest)
order by setting
