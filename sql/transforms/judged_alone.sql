-- One row per row of keyed_events: nothing of other days is judged with them (contested_events is empty).
create or replace temp view judged_events as
from keyed_events;

create or replace temp table contested_events as
from keyed_events
where false;
