-- One row where there is one: the model that ranks a night, the newest champion that does not know its future.
-- Without $ds, the model that ranks now.
select model_id
from ops.models
where
    champion
    and ds <= coalesce($ds::date, ds)
order by
    ds desc,
    created_at desc,
    model_id asc
limit 1
