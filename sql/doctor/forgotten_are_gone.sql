-- One row per forgotten person and table of the record that still has rows of theirs.
-- promise: the record has no row of anybody forgotten
with met as (
    select
        'serving.rankings' as place,
        forgotten.user_hash
    from serving.rankings
    inner join entities.forgotten as forgotten using (user_key)
    union all
    select
        'serving.why' as place,
        forgotten.user_hash
    from serving.why
    inner join entities.forgotten as forgotten using (user_key)
    union all
    select
        'entities.users' as place,
        forgotten.user_hash
    from entities.users
    inner join entities.forgotten as forgotten using (user_key)
    union all -- a person who is there again under another key; `or` in one join would compare every pair
    select
        'entities.users' as place,
        forgotten.user_hash
    from entities.users as users
    cross join ops.salt as salts
    inner join entities.forgotten as forgotten on forgotten.user_hash = sha256(salts.salt || users.user_id::varchar)
    where users.user_key is distinct from forgotten.user_key
)

select
    'tombstone ' || left(user_hash, 8) || ': ' || count(*) || ' rows in ' || place as what,
    'nightrank forget USER  # USER is the id as the person gives it' as remedy
from met
group by
    user_hash,
    place
order by what
