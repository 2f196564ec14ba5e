-- Of events that share an event_id, the one known first is kept, all others of judged_events are duplicates.
-- Reads keyed_events, repeated_numbers, and kept_before and repeats_before, what the source gave until now: rows read
-- under other days that share an event_id with these, or with one that these replace, are taken back and judged with
-- them. Where the source gave nothing before this read ($is_new), only repeated_numbers can be shared.
create or replace temp table contested_events as
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
        and read_ds between $first_ds and $last_ds
    union all
    select event_no
    from repeats_before
    where
        named
        and read_ds between $first_ds and $last_ds
),

of_other_days as (
    from kept_before
    where
        named
        and read_ds not between $first_ds and $last_ds
    union all
    from repeats_before
    where
        named
        and read_ds not between $first_ds and $last_ds
)

select
    -row_number() over () as place,
    of_other_days.*
from of_other_days
semi join replaced_or_new using (event_no);

create or replace temp view judged_events as
from keyed_events
union all by name
from contested_events;

create or replace temp table losing_rows as
with shared_numbers as (
    select event_no
    from repeated_numbers
    union all
    select event_no
    from contested_events
)

select judged_events.place
from judged_events
semi join shared_numbers using (event_no)
where judged_events.named
qualify
    row_number() over (
        partition by
            judged_events.event_id,
            judged_events.event_no
        order by
            coalesce(judged_events.known_at, judged_events.event_ts) asc,
            judged_events.event_ts asc,
            judged_events.read_ds asc,
            judged_events.user_key asc,
            judged_events.goods_key asc,
            judged_events.shop_key asc,
            judged_events.type_key asc,
            judged_events.weight asc,
            judged_events.cat_id asc,
            judged_events.place asc
    ) > 1;
