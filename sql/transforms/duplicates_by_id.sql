-- Of events that share an event_id, the one known first is kept, all others of judged_events are duplicates.
-- Reads is_taken, keyed_events, repeated_numbers, and kept_before and repeats_before, what the source gave until now: rows read
-- under other days that share an event_id with these, or with one that these replace, are taken back and judged with
-- them. Where the source gave nothing before this read ($is_new), only repeated_numbers can be shared.
create or replace temp table contested_numbers as
with replaced_or_new as (
    select event_no
    from kept_events
    where
        event_no is not null
        and (not $is_new or event_no in (select repeated_numbers.event_no from repeated_numbers))
    union all
    select event_no
    from kept_before
    where
        named
        and is_taken(read_ds)
        and not $is_new
    union all
    select event_no
    from repeats_before
    where
        named
        and is_taken(read_ds)
        and not $is_new
),

of_other_days as (
    select event_no
    from kept_before
    where
        named
        and not is_taken(read_ds)
    union all
    select event_no
    from repeats_before
    where
        named
        and not is_taken(read_ds)
)

select distinct of_other_days.event_no
from of_other_days
semi join replaced_or_new using (event_no);

create or replace temp table contested_events as
with of_other_days as (
    from kept_before
    where
        named
        and not is_taken(read_ds)
    union all
    from repeats_before
    where
        named
        and not is_taken(read_ds)
)

select
    -row_number() over () as place,
    of_other_days.*
from of_other_days
semi join contested_numbers using (event_no);

create or replace temp view judged_events as
from keyed_events
union all by name
from contested_events;

create or replace temp table shared_events as
with shared_numbers as (
    select event_no
    from repeated_numbers
    union all
    select event_no
    from contested_numbers
)

select kept_events.*
from kept_events
semi join shared_numbers using (event_no);

create or replace temp table duplicate_events as
with shared as (
    from keyed('shared_events')
    union all by name
    from contested_events
)

select *
from shared
qualify
    row_number() over (
        partition by
            event_id,
            event_no
        order by
            coalesce(known_at, event_ts) asc,
            event_ts asc,
            read_ds asc,
            user_key asc,
            goods_key asc,
            shop_key asc,
            type_key asc,
            weight asc,
            cat_id asc,
            place asc
    ) > 1;
