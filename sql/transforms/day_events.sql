-- One row per source row of the days asked for, and per refused row whose day is not one of them (ds is then NULL).
create or replace temp table day_events as
select * replace (case when ds between $first_ds and $last_ds then ds end as ds)
from cleaned_events($timezone)
where
    ds between $first_ds and $last_ds
    or refused is not null;

create or replace temp view kept_events as
select *
from day_events
where
    refused is null
    and not duplicate;
