-- One row per type of event that the night sees: whether it counts as bought. Where none of $bought_types is among them,
-- all do. Reads base_histories, days_since and entities.event_types.
with seen as (
    select distinct type_key
    from base_histories
    union
    select distinct type_key
    from days_since
),

named as (
    select
        seen.type_key,
        event_types.event_type,
        coalesce(list_contains($bought_types, event_types.event_type), false) as is_named
    from seen
    left join entities.event_types as event_types using (type_key)
)

select
    type_key,
    event_type,
    is_named or not bool_or(is_named) over () as bought
from named
order by type_key
