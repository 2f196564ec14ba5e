-- For whom does the model find what they take, and which candidate sources bring it? One row per (kind, segment), means
-- over the days that are here, first ten ranks.
select
    kind,
    segment,
    count(*) as days,
    avg(users) as users_a_day,
    avg(hit_rate) as hit_rate,
    avg(recall) as recall,
    avg(ndcg) as ndcg
from outcomes_by_segment
where
    k = 10
    and ranker = 'model'
group by
    kind,
    segment
order by
    kind asc,
    segment asc
