-- One row per row of day_events that is not refused; `place` tells it from all others.
create or replace temp view kept_events as
select
    rowid as place,
    *
from day_events
where refused is null;
