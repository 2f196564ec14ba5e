-- Moves the losing rows of keyed_events to duplicate_events.
create or replace temp table duplicate_events as
select keyed_events.*
from keyed_events
where keyed_events.rowid in (select losing_rows.place_in_table from losing_rows);

delete from keyed_events
where keyed_events.rowid in (select losing_rows.place_in_table from losing_rows);
