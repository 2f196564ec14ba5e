-- One row per event type of these names that the store has met.
select type_key
from entities.event_types
where list_contains($names, event_type)
order by type_key
