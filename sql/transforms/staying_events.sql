-- One row per row of judged_events that is no duplicate.
create or replace temp view staying_events as
select judged_events.*
from judged_events
anti join duplicate_events using (place);
