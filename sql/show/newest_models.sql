-- One row per pooling: its newest model, so that DIN stands beside mean pooling.
select
    pooling,
    auc,
    gauc,
    logloss,
    rela_impr as "RelaImpr %", -- noqa: RF05
    eval_examples as examples,
    champion
from models
qualify row_number() over (partition by pooling order by created_at desc, model_id asc) = 1
order by
    gauc,
    model_id
