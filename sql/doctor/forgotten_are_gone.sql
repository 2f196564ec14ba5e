-- One row per forgotten person and table of the record that still has rows of theirs.
-- promise: the record has no row of anybody forgotten
with met as (
    select
        'serving.rankings' as place,
        user_key
    from serving.rankings
    union all
    select
        'serving.why' as place,
        user_key
    from serving.why
    union all
    select
        'entities.users' as place,
        user_key
    from entities.users
    union all
    select
        'entities.users' as place,
        forgotten.user_key
    from entities.users as users
    cross join ops.salt as salts
    inner join entities.forgotten as forgotten
        on
            forgotten.user_hash = sha256(salts.salt || users.user_id::varchar)
            and users.user_key is distinct from forgotten.user_key
)

select
    'tombstone ' || left(forgotten.user_hash, 8) || ': ' || count(*) || ' rows in ' || met.place as what,
    'nightrank forget USER, with the id as the person gives it' as remedy
from met
inner join entities.forgotten as forgotten using (user_key)
group by
    forgotten.user_hash,
    met.place
order by what
