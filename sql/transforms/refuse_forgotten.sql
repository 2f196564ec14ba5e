-- Refuses the rows of forgotten people in day_events, whatever else is wrong with them. Only ids that are nobody's here
-- are hashed, each once: a forgotten person is not in entities.users.
update day_events
set refused = 'forgotten'
where user_id in (
    with strangers as (
        select distinct user_id
        from day_events
        anti join entities.users using (user_id)
        where user_id is not null
    )

    select strangers.user_id
    from strangers
    cross join ops.salt as salts
    semi join entities.forgotten as forgotten
        on sha256(salts.salt || strangers.user_id::varchar) = forgotten.user_hash
)
