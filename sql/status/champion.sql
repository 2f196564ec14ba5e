-- One row: the model that ranks now. Reads ops.models; a store of before some of its columns is shown without them.
select
    columns(
        lambda name: name in (
            'model_id',
            'ds',
            'auc',
            'gauc',
            'base_gauc',
            'rela_impr',
            'gauc_positives',
            'gauc_equal',
            'users',
            'share_covered',
            'calibration_error',
            'calibration',
            'valid_gauc',
            'epoch',
            'warm_from'
        )
    )
from ops.models
where champion
order by
    ds desc,
    created_at desc,
    model_id asc
limit 1
