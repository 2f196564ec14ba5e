-- Why did the goods that moved most move: is it the model, the sources, or what the user did since? One row per
-- (user_id, goods_id) that was ranked in both of the last two nights.
with placed as (
    select
        rankings.user_id,
        rankings.goods_id,
        rankings.rank,
        rankings.score,
        rankings.sources,
        ranked_nights.ds,
        ranked_nights.nights_back,
        ranked_nights.as_of,
        ranked_nights.model_id
    from rankings
    inner join ranked_nights using (ds)
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
    len(list_filter(goods_sequences.event_ts, lambda moment: moment >= before.as_of)) as touched_since -- noqa: RF02
from placed as tonight
inner join placed as before
    on
        tonight.user_id = before.user_id
        and tonight.goods_id = before.goods_id
left join goods_sequences
    on
        tonight.ds = goods_sequences.ds
        and tonight.user_id = goods_sequences.user_id
where
    tonight.nights_back = 1
    and before.nights_back = 2
    and tonight.rank <> before.rank
order by
    abs(tonight.rank - before.rank) desc,
    tonight.user_id asc,
    tonight.goods_id asc
limit 20
