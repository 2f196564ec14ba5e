-- What was built for the newest night, how many rows, and how long did it take? One row per asset.
select
    asset,
    status,
    rows,
    round(epoch(finished_at - started_at), 2) as seconds,
    error
from intervals
where ds = (select max(rankings.ds) from rankings)
order by
    started_at asc,
    asset asc
