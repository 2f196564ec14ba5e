-- Parts judged_events into those that stay and the duplicates, by losing_rows.
create or replace temp view staying_events as
select judged_events.*
from judged_events
anti join losing_rows using (place);

create or replace temp view duplicate_events as
select judged_events.*
from judged_events
semi join losing_rows using (place);
