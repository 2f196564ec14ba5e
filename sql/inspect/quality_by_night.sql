-- How good was each ranking, once the next day was known? One row per (ds, k), where ds is that next day.
select
    ds,
    k,
    users,
    hit_rate,
    recall,
    ndcg,
    mrr,
    model_id
from outcomes
order by
    ds desc,
    k asc
