-- Why did the goods that moved most move: is it the model, the sources, or what the user did since? One row per
-- (user_id, goods_id) that was ranked in both of the last two nights.
with placed as (
    select
        rankings.ds,
        rankings.user_id,
        rankings.goods_id,
        rankings.rank,
        ranked_nights.nights_back,
        ranked_nights.as_of
    from rankings
    inner join ranked_nights using (ds)
),

moved as (
    -- compares ranks alone for every row of two nights; lists are read below, for the few that are shown
    select
        tonight.user_id,
        tonight.goods_id,
        tonight.ds,
        before.ds as ds_before,
        before.as_of as as_of_before
    from placed as tonight
    inner join placed as before
        on
            tonight.user_id = before.user_id
            and tonight.goods_id = before.goods_id
    where
        tonight.nights_back = 1
        and before.nights_back = 2
        and tonight.rank <> before.rank
    order by
        abs(tonight.rank - before.rank) desc,
        tonight.user_id asc,
        tonight.goods_id asc
    limit 20
)

select
    tonight.user_id,
    tonight.goods_id,
    before.rank as rank_before,
    tonight.rank as rank_after,
    tonight.score - before.score as score_change,
    tonight.model_id <> before.model_id as other_model,
    list_filter(tonight.sources, lambda name: not list_contains(before.sources, name)) as sources_gained, -- noqa: RF02
    list_filter(before.sources, lambda name: not list_contains(tonight.sources, name)) as sources_lost, -- noqa: RF02
    len(list_filter(goods_sequences.event_ts, lambda moment: moment >= moved.as_of_before)) as touched_since -- noqa: RF02
from moved
inner join rankings as tonight
    on
        moved.ds = tonight.ds
        and moved.user_id = tonight.user_id
        and moved.goods_id = tonight.goods_id
inner join rankings as before
    on
        moved.ds_before = before.ds
        and moved.user_id = before.user_id
        and moved.goods_id = before.goods_id
left join goods_sequences
    on
        moved.ds = goods_sequences.ds
        and moved.user_id = goods_sequences.user_id
order by
    abs(tonight.rank - before.rank) desc,
    tonight.user_id asc,
    tonight.goods_id asc
