-- One row per source row: its data day, its event_id, and why it is not kept (`refused`, `duplicate`), if so.
-- Reads source_events. A missing event_id is the hash of the content with a counter for exact repeats, so that
-- (event_ts, known_at, event_id) orders every two events of a user, and the same way every time.
create or replace temp macro cleaned_events(time_zone) as table (
    with timed as (
        select
            *,
            (event_ts at time zone 'UTC' at time zone time_zone)::date as ds,
            case
                when user_id is null then 'user_id is missing'
                when goods_id is null and shop_id is null then 'neither goods_id nor shop_id'
                when event_ts is null then 'event_ts is missing'
                when not isfinite(event_ts) or event_ts < timestamp '1990-01-01' or event_ts >= timestamp '2100-01-01'
                    then 'event_ts outside 1990 to 2099'
                when event_ts > known_at then 'event_ts after known_at'
                when isnan(weight) then 'weight is not a number'
            end as refused,
            concat_ws(
                chr(31),
                coalesce(user_id::varchar, ''),
                coalesce(goods_id::varchar, ''),
                coalesce(shop_id::varchar, ''),
                coalesce(event_type, ''),
                coalesce(event_ts::varchar, ''),
                coalesce(known_at::varchar, ''),
                coalesce(weight::varchar, ''),
                coalesce(cat_id, '')
            ) as content
        from source_events
    ),

    numbered as (
        select
            *,
            row_number() over (
                partition by refused is null, coalesce(event_id, content)
                order by known_at desc nulls last, content asc
            ) as repetition
        from timed
    )

    select
        user_id,
        goods_id,
        shop_id,
        event_type,
        event_ts,
        known_at,
        weight,
        cat_id,
        ds,
        refused,
        coalesce(
            event_id,
            printf('%016x', md5_number_lower(content))
            || case when repetition > 1 then printf('-%04d', repetition) else '' end
        ) as event_id,
        refused is null and event_id is not null and repetition > 1 as duplicate
    from numbered
);
