-- One row where the person is forgotten already: the hash of their id, the key they had, since when, and which checkpoints learned from them.
select
    forgotten.user_hash,
    forgotten.user_key,
    forgotten.forgotten_at,
    forgotten.model_ids
from entities.forgotten as forgotten
cross join ops.salt as salts
where forgotten.user_hash = sha256(salts.salt || $text)
