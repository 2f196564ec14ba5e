-- One row: how many rows a source gives, and from when to when, by the column its days go by; times far off, which are
-- refused anyway, do not count.
-- Reads source_events.
with dated as (
    select case when $days_by = 'known_at' then known_at else event_ts end as read_ts
    from source_events
)

select
    count(*) as rows,
    min(read_ts) filter (where read_ts >= timestamp '1990-01-02' and read_ts < timestamp '2099-12-30') as first_ts,
    max(read_ts) filter (where read_ts >= timestamp '1990-01-02' and read_ts < timestamp '2099-12-30') as last_ts
from dated
