-- Of events that share an event_id, the one known first is kept, all others of keyed_events are duplicates.
-- Reads kept_before and repeats_before, what the source gave until now: rows read under other days that share an
-- event_id with these, or with one that these replace, are taken back and judged with them.
create or replace temp table contested_ids as
with replaced_or_new as (
    select event_no
    from keyed_events
    where named
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
    select
        event_id,
        event_no
    from kept_before
    where
        named
        and read_ds not between $first_ds and $last_ds
    union all
    select
        event_id,
        event_no
    from repeats_before
    where
        named
        and read_ds not between $first_ds and $last_ds
)

select distinct
    of_other_days.event_id,
    of_other_days.event_no
from of_other_days
semi join replaced_or_new using (event_no);

insert into keyed_events by name
with of_other_days as (
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

select of_other_days.*
from of_other_days
semi join contested_ids
    on
        of_other_days.event_no = contested_ids.event_no
        and coalesce(of_other_days.event_id, '') = coalesce(contested_ids.event_id, '');

create or replace temp table repeated_numbers as
select event_no
from keyed_events
where named
group by event_no
having count(*) > 1;

create or replace temp table losing_rows as
select keyed_events.rowid as place_in_table
from keyed_events
semi join repeated_numbers using (event_no)
where keyed_events.named
qualify
    row_number() over (
        partition by
            keyed_events.event_id,
            keyed_events.event_no
        order by
            coalesce(keyed_events.known_at, keyed_events.event_ts) asc,
            keyed_events.event_ts asc,
            keyed_events.read_ds asc,
            keyed_events.user_key asc,
            keyed_events.goods_key asc,
            keyed_events.shop_key asc,
            keyed_events.type_key asc,
            keyed_events.weight asc,
            keyed_events.cat_id asc,
            keyed_events.rowid asc
    ) > 1;
