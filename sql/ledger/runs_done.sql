-- One row: how many runs ended well that are worth a copy of the record, and how many people are forgotten. A backfill
-- counts by the nights that it publishes: the rest of it is built again by the same command.
select
    count(*) as runs,
    (select count(*) from entities.forgotten) as people
from ops.runs
where
    status = 'done'
    and command <> 'backfill'
