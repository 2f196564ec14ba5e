-- One row where there is one: the model of mean pooling trained beside the model that ranked the night of $ds, in the
-- same run, or else for the same day; the model itself, where it is of mean pooling.
select means.model_id
from ops.nights as nights
inner join ops.models as ranking using (model_id)
inner join ops.models as means on ranking.ds = means.ds
where
    nights.ds = $ds
    and means.pooling = 'mean'
order by
    means.model_id = ranking.model_id desc,
    means.run_id = ranking.run_id desc,
    means.created_at desc,
    means.model_id asc
limit 1
