-- One row where the night is ranked: the model, and the longest ranking.
select
    model_id,
    max(rank) as longest
from serving.rankings
where ds = $ds
group by model_id
