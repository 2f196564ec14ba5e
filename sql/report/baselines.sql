-- One row per (ds, k, ranker) up to $ds, the last fourteen days: what a simpler ranking would have reached.
select
    ds,
    k,
    ranker,
    hit_rate,
    ndcg,
    recall,
    mrr
from baselines
where
    ranker <> 'model'
    and ds <= $ds
    and ds > $ds - 14
order by
    ds,
    k,
    ranker
