-- Adds a model to the register. One that is there already, since the same examples give the same model again, stays a
-- champion if it was one, and only as a champion it comes anew. What could not be measured (NaN) is NULL.
insert into ops.models by name
select
    $model_id as model_id,
    $ds as ds,
    $pooling as pooling,
    nullif($auc, 'nan'::double) as auc,
    nullif($gauc, 'nan'::double) as gauc,
    nullif($logloss, 'nan'::double) as logloss,
    nullif($base_gauc, 'nan'::double) as base_gauc,
    nullif($rela_impr, 'nan'::double) as rela_impr,
    $champion as champion,
    $created_at as created_at,
    $train_examples as train_examples,
    $eval_examples as eval_examples,
    $goods_rows as goods_rows,
    $shop_rows as shop_rows,
    $seconds as seconds,
    $run_id as run_id
on conflict (model_id) do update set
    champion = champion or excluded.champion,
    created_at = case when excluded.champion then excluded.created_at else created_at end,
    auc = excluded.auc,
    gauc = excluded.gauc,
    logloss = excluded.logloss,
    base_gauc = excluded.base_gauc,
    rela_impr = excluded.rela_impr,
    train_examples = excluded.train_examples,
    eval_examples = excluded.eval_examples,
    seconds = excluded.seconds,
    run_id = excluded.run_id
