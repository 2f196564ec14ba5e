-- One row per forgotten person whose rows a source gives. Only ids that are nobody's here are hashed, each once.
-- Reads source_events, entities.users, ops.salt, entities.forgotten and texts_of_id.
with strangers as (
    select distinct user_id
    from source_events
    anti join entities.users using (user_id)
    where user_id is not null
),

written as (
    select
        user_id,
        unnest(texts_of_id(user_id)) as user_text
    from strangers
)

select distinct written.user_id
from written
cross join ops.salt as salts
semi join entities.forgotten as forgotten
    on sha256(salts.salt || written.user_text) = forgotten.user_hash
