-- One row where entities.users has the person: their key.
select user_key
from entities.users
where user_id::varchar = $text
