-- One row per user whose id is one of $texts, which mean the same id: the id as a text and the key, in the order of texts.
select
    user_id::varchar as user_text,
    user_key
from entities.users
where list_contains($texts::varchar[], user_id::varchar)
order by list_position($texts::varchar[], user_id::varchar)
