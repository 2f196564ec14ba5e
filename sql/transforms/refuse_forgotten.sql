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
)
