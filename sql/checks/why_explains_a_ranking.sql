-- stop: one row per explanation of a goods that is not ranked, or by a history that was not past.
select
    why.ds,
    why.user_id,
    why.goods_id,
    why.history_id,
    why.event_ts
from why
inner join nights using (ds)
left join rankings
    on
        why.ds = rankings.ds
        and why.user_id = rankings.user_id
        and why.goods_id = rankings.goods_id
where
    rankings.ds is null
    or why.event_ts >= nights.as_of
