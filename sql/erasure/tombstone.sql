-- One row where the person is forgotten already: the hash of their id, the key they had, since when, which checkpoints
-- learned from them, and which of $texts is their id. $texts mean the same id; the earliest counts.
with texts as (
    select
        unnest($texts::varchar[]) as user_text,
        generate_subscripts($texts::varchar[], 1) as place
)

select
    forgotten.user_hash,
    forgotten.user_key,
    forgotten.forgotten_at,
    forgotten.model_ids,
    texts.user_text
from entities.forgotten as forgotten
cross join ops.salt as salts
cross join texts
where forgotten.user_hash = sha256(salts.salt || texts.user_text)
order by texts.place
limit 1
