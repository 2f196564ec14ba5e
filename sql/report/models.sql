-- One row per pooling: its newest model up to the one that ranks the night of $ds, which stands first.
with night_model as (
    select models.*
    from models
    inner join nights using (model_id)
    where nights.ds = $ds
)

select
    models.*,
    models.model_id = night_model.model_id as ranks
from models
inner join night_model
    on
        models.ds = night_model.ds
        and models.created_at <= night_model.created_at
qualify
    models.model_id = night_model.model_id
    or (
        models.pooling <> night_model.pooling
        and row_number() over (
            partition by models.pooling
            order by
                models.created_at desc,
                models.model_id asc
        ) = 1
    )
order by
    ranks desc,
    models.pooling asc,
    models.model_id asc
