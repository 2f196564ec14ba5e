-- One row per type of event that the night sees: whether it counts as bought. With an empty $bought_types all do; case
-- does not count. Reads base_histories, days_since and entities.event_types.
with seen as (
    select distinct type_key
    from base_histories
    union
    select distinct type_key
    from days_since
),

wanted as (
    select list_transform($bought_types::varchar[], lambda name: lower(name)) as types
)

select
    seen.type_key,
    event_types.event_type,
    len(wanted.types) = 0
    or coalesce(list_contains(wanted.types, lower(event_types.event_type)), false) as bought
from seen
cross join wanted
left join entities.event_types as event_types using (type_key)
order by seen.type_key
