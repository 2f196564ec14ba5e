-- Remembers that a person is forgotten, without their id. The salt is made with the first of them and kept.
insert into ops.salt
select $salt as salt
where not exists (select 1 from ops.salt);

insert or replace into entities.forgotten by name
select
    sha256(salt || $text) as user_hash,
    $user_key as user_key,
    $forgotten_at as forgotten_at,
    $model_ids as model_ids
from ops.salt;

-- Digests of days that hold rows of theirs go; those days are read again.
update ops.days_given
set digest = null
