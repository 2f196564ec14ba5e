-- Takes a person out of the rankings and why, out of the counts of the nights that ranked them, and out of the users.
create or replace temp table erased_rankings as
select
    ds,
    count(*) as rows
from serving.rankings
where user_key = $user_key
group by ds;

update ops.nights
set
    users = nights.users - 1,
    rows = nights.rows - erased_rankings.rows
from erased_rankings
where nights.ds = erased_rankings.ds;

update ops.intervals
set rows = intervals.rows - erased_rankings.rows
from erased_rankings
where
    intervals.asset = 'rankings'
    and intervals.ds = erased_rankings.ds;

delete from serving.rankings
where user_key = $user_key;

delete from serving.why
where user_key = $user_key;

delete from entities.users
where user_id::varchar = $text;

drop table erased_rankings;
