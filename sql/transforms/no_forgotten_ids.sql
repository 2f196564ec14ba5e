-- Makes forgotten_ids empty: nobody is forgotten. Reads entities.users.
create or replace temp table forgotten_ids as
select user_id
from entities.users
where false
