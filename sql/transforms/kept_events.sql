-- One row per row of day_events that is not refused.
create or replace temp view kept_events as
select *
from day_events
where refused is null;
