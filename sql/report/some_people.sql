-- One row per person to show of the night of $ds: of those with a published history, if there are any, one with the
-- fewest goods events in it, one in the middle, one with the most; who is alike stands in the order of user_id. A history
-- ends at sequences.goods_length, so no count is above that: is_longest says which are as long as any of the night, and
-- alike how many users have as many events.
with people as (
    select
        rankings.user_id,
        coalesce(len(goods_sequences.goods_ids), 0) as events
    from rankings
    left join goods_sequences
        on
            rankings.ds = goods_sequences.ds
            and rankings.user_id = goods_sequences.user_id
    where
        rankings.ds = $ds
        and rankings.rank = 1
),

longest as (
    select max(len(goods_ids)) as events
    from goods_sequences
    where ds = $ds
),

placed as (
    select
        user_id,
        events,
        count(*) over (partition by events) as alike,
        row_number() over (order by events > 0 desc, events asc, user_id asc) as place,
        coalesce(nullif(count(*) filter (where events > 0) over (), 0), count(*) over ()) as with_history
    from people
)

select
    user_id,
    events,
    case place
        when 1 then 'fewest events'
        when with_history then 'most events'
        else 'median'
    end as chosen_for,
    events = (select longest.events from longest) as is_longest,
    alike
from placed
where place in (1, (with_history + 1) // 2, with_history)
order by
    events,
    user_id
