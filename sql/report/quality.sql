-- One row per (ds, k) up to $ds, the last fourteen days: the ranking of the night before ds, held against that day.
select
    ds,
    k,
    users,
    hit_rate,
    ndcg,
    recall,
    mrr,
    coverage,
    model_id
from outcomes
where
    ds <= $ds
    and ds > $ds - 14
order by
    ds,
    k
