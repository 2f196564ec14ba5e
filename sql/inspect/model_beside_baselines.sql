-- Does the model order the same candidates better than simpler rankings do? One row per (ds, ranker), first ten ranks.
with rankers as (
    select
        ds,
        'model' as ranker,
        users,
        hit_rate,
        recall,
        ndcg,
        mrr
    from outcomes
    where k = 10
    union all
    select
        ds,
        ranker,
        users,
        hit_rate,
        recall,
        ndcg,
        mrr
    from baselines
    where
        k = 10
        and ranker <> 'model'
)

select *
from rankers
order by
    ds desc,
    ndcg desc,
    ranker asc
