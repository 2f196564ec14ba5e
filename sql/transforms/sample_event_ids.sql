-- One row per event id of a sample: NULL in the first row where any event of kept_before has a number as its id, then
-- up to a thousand that are texts.
(
    select event_id
    from kept_before
    where
        named
        and event_id is null
    limit 1
)
union all
(
    select event_id
    from kept_before
    where
        named
        and event_id is not null
    limit 1000
)
