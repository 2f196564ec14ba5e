-- Adds a model to the register.
insert or replace into ops.models by name
select
    $model_id as model_id,
    $ds as ds,
    $pooling as pooling,
    $auc as auc,
    $gauc as gauc,
    $logloss as logloss,
    $base_gauc as base_gauc,
    $rela_impr as rela_impr,
    $champion as champion,
    $created_at as created_at,
    $train_examples as train_examples,
    $eval_examples as eval_examples,
    $goods_rows as goods_rows,
    $shop_rows as shop_rows,
    $seconds as seconds,
    $run_id as run_id
