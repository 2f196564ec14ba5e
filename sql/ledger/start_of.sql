-- One row where there is a champion of a day before $ds, the model that a training of $pooling for $ds may start from:
-- the champion, or where that is of another pooling, the one of $pooling that was trained for the same day, if any.
with standing as (
    select
        model_id,
        ds
    from ops.models
    where
        champion
        and ds < $ds
    order by
        ds desc,
        created_at desc,
        model_id asc
    limit 1
)

select models.model_id
from ops.models as models
inner join standing using (ds)
where
    models.model_id = standing.model_id
    or models.pooling = $pooling
order by
    models.pooling = $pooling desc,
    models.model_id = standing.model_id desc,
    models.created_at desc,
    models.model_id asc
limit 1
