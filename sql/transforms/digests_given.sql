-- One row per day that a source gives rows for: how many, and the sum of their hashes. Rows without a day count under
-- 1970-01-01. Reads source_digests and store_days.
with timed as (
    select
        *,
        make_timestamp(span * $span) as begins
    from source_digests
)

select
    coalesce(
        store_days.first_day
        + (timed.begins >= store_days.second_begins)::integer
        + (timed.begins >= store_days.third_begins)::integer,
        date '1970-01-01'
    ) as ds,
    sum(timed.rows)::bigint as rows,
    sum(timed.digest) as digest
from timed
left join store_days on timed.begins::date = store_days.utc_date
group by all
order by ds
