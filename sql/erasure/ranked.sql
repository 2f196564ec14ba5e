-- One row: how many rows of rankings and of why are a person's.
select
    (
        select count(*) from serving.rankings
        where user_key = $user_key
    ) as rankings,
    (
        select count(*) from serving.why
        where user_key = $user_key
    ) as why
