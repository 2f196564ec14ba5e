-- One row per event type of these names, without regard to case, that the store has met.
select type_key
from entities.event_types
where list_contains(list_transform($names::varchar[], lambda name: lower(name)), lower(event_type))
order by type_key
