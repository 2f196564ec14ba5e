-- Does the model order the same candidates better than simpler rankings do? One row per (ds, ranker), first ten ranks.
with rankers as (
    select
        *,
        'model' as ranker
    from outcomes
    where ds in (select baselines.ds from baselines)
    union all by name
    select *
    from baselines
    where ranker <> 'model' -- older releases hold the model here too
)

select
    ds,
    ranker,
    users,
    hit_rate,
    recall,
    ndcg,
    mrr
from rankers
where k = 10
order by
    ds desc,
    ndcg desc,
    ranker asc
