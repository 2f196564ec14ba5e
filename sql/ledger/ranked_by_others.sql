-- One row per night from $first_ds on, before $until, that another model than $model_id has ranked.
select ds
from ops.nights
where
    ds >= $first_ds
    and ds < $until
    and model_id <> $model_id
order by ds
