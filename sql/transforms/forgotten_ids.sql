-- One row per forgotten person whose rows a source gives. Only ids that are nobody's here are hashed, each once.
-- Reads source_events, entities.users, ops.salt and entities.forgotten.
with strangers as (
    select distinct user_id
    from source_events
    anti join entities.users using (user_id)
    where user_id is not null
)

select strangers.user_id
from strangers
cross join ops.salt as salts
semi join entities.forgotten as forgotten
    on sha256(salts.salt || strangers.user_id::varchar) = forgotten.user_hash
