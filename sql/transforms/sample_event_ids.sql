-- One row per event id of a sample: NULL in the first row where any event of kept_before has a number as its id, then
-- up to a thousand that are texts, the same ones in any order of files.
with texts as (
    select distinct event_id
    from kept_before
    where
        named
        and event_id is not null
)

(
    select null::varchar as event_id
    from kept_before
    where
        named
        and event_id is null
    limit 1 -- noqa: AM09
)
union all
(
    select event_id
    from texts
    order by event_id
    limit 1000
)
