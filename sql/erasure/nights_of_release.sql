-- Takes a person out of the counts of a release's nights, which must be those of its rankings. Reads the attached files
-- `old` and `new`.
create or replace temp table erased_nights as
select
    ds,
    count(*) as rows
from old.rankings
where user_id::varchar = $text
group by ds;

update new.nights
set
    users = nights.users - 1,
    rows = nights.rows - erased_nights.rows
from erased_nights
where nights.ds = erased_nights.ds;
