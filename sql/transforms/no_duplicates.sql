-- Nothing repeats: no row of keyed_events is a duplicate, and none of other days is judged again.
create or replace temp view judged_events as
from keyed_events;

create or replace temp table contested_events as
from keyed_events
where false;

create or replace temp table duplicate_events as
from keyed_events
where false;
