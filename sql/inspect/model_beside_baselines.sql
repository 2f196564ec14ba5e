-- Does the model order the same candidates better than simpler rankings do? One row per (ds, ranker), first ten ranks.
with simpler as (
    select *
    from baselines
    where ranker <> 'model' -- older releases hold the model here too
),

rankers as (
    select
        *,
        'model' as ranker
    from outcomes
    where ds in (select simpler.ds from simpler)
    union all by name
    select *
    from simpler
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
