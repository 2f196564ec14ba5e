-- One row per (ds, k, baseline) up to $ds, the last fourteen days: what a simpler ranking would have reached.
select
    ds,
    k,
    baseline,
    hit_rate,
    ndcg,
    recall,
    mrr
from baselines
where
    ds <= $ds
    and ds > $ds - 14
order by
    ds,
    k,
    baseline
