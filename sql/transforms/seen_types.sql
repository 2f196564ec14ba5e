-- One row per type of event that the night sees, by name. Reads base_histories, days_since and entities.event_types.
with seen as (
    select distinct type_key
    from base_histories
    union
    select distinct type_key
    from days_since
)

select event_types.event_type
from entities.event_types as event_types
semi join seen using (type_key)
order by event_types.event_type
