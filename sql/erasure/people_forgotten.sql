-- One row per forgotten person: the hash of their id, and the key they had.
select
    user_hash,
    user_key
from entities.forgotten
order by user_hash
