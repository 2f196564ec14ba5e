-- One row: whether any of the event types $listed is among those $seen, without regard to case.
select
    list_has_any(
        list_transform($listed::varchar[], lambda name: lower(name)),
        list_transform($seen::varchar[], lambda name: lower(name))
    ) as is_met
