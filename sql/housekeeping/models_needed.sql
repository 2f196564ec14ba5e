-- One row per model that something refers to: a ranking, a night, the champion of a night or of the nights to come; what
-- was trained beside that of the last nights, which a warm start takes and outcomes are held against; the newest $keep.
with nights as (
    select ds
    from ops.nights
    union
    select date '9999-12-31' as ds -- the nights to come
),

champions as (
    select
        nights.ds,
        models.model_id,
        models.ds as model_ds
    from nights
    inner join ops.models as models
        on
            models.champion
            and nights.ds >= models.ds
    qualify
        row_number() over (
            partition by nights.ds
            order by
                models.ds desc,
                models.created_at desc,
                models.model_id asc
        ) = 1
),

newest as (
    select model_id
    from ops.models
    qualify row_number() over (order by created_at desc, model_id asc) <= $keep
)

select model_id
from serving.rankings
union
select model_id
from ops.nights
union
select model_id
from champions
union
select beside.model_id
from ops.models as beside
inner join champions on beside.ds = champions.model_ds
where champions.ds >= coalesce((select max(last_night.ds) from ops.nights as last_night) - 7, date '9999-12-31')
union
select model_id
from newest
order by model_id
