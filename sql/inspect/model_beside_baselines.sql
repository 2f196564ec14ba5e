-- Does the model order the same candidates better than simpler rankings do? One row per (ds, ranker), first ten ranks.
select
    ds,
    ranker,
    users,
    hit_rate,
    recall,
    ndcg,
    mrr
from baselines
where k = 10
order by
    ds desc,
    ndcg desc,
    ranker asc
