-- One row where there is one: the first model that ranks nights after those of $ds, and its day.
select
    ds,
    model_id
from ops.models
where
    champion
    and ds > $ds
order by
    ds asc,
    created_at desc,
    model_id asc
limit 1
