-- Which models were trained, and how good were they when measured? One row per model, the newest first.
select
    model_id,
    ds,
    pooling,
    champion,
    gauc,
    base_gauc,
    rela_impr,
    logloss,
    calibration,
    train_examples,
    warm_from
from models
order by
    ds desc,
    created_at desc,
    model_id asc
