-- Copies what people may see into the attached file `release`, keys turned back into the ids of the source.
-- Reads the warehouse, published_nights (ds), named_rankings and named_why.

-- Rankings, why and sequences are empty here, with the types that ids have: ranked_night.sql and
-- features/publish/release_sequences.py fill them a night at a time.
create table release.rankings as
from named_rankings
where false;

create table release.why as
from named_why
where false;

create table release.goods_sequences as
select
    null::date as ds,
    users.user_id,
    [goods.goods_id] as goods_ids,
    ['']::varchar[] as event_types,
    [null::timestamp] as event_ts
from entities.users as users
cross join entities.goods as goods
where false;

create table release.shop_sequences as
select
    null::date as ds,
    users.user_id,
    [shops.shop_id] as shop_ids,
    ['']::varchar[] as event_types,
    [null::timestamp] as event_ts
from entities.users as users
cross join entities.shops as shops
where false;

create table release.goods as
select
    goods.goods_id,
    shops.shop_id,
    catalogue.cat_id,
    catalogue.name,
    coalesce(catalogue.active, true) as active
from entities.goods as goods
left join entities.catalogue as catalogue using (goods_key)
left join entities.shops as shops using (shop_key)
order by goods.goods_id;

create table release.outcomes as
select
    outcomes.ds,
    outcomes.k,
    outcomes.users,
    outcomes.hit_rate,
    outcomes.ndcg,
    outcomes.recall,
    outcomes.mrr,
    outcomes.coverage,
    outcomes.model_id
from serving.outcomes as outcomes
order by
    outcomes.ds,
    outcomes.k;

create table release.outcomes_by_segment as
select
    ds,
    k,
    kind,
    segment,
    ranker,
    users,
    hit_rate,
    ndcg,
    recall,
    mrr
from serving.outcomes_by_segment
order by
    ds,
    k,
    kind,
    segment,
    ranker;

create table release.baselines as
select
    ds,
    k,
    ranker,
    users,
    hit_rate,
    ndcg,
    recall,
    mrr,
    model_id
from serving.baselines
where ranker <> 'model'
order by
    ds,
    k,
    ranker;

create table release.calibration as
select
    ds,
    bin,
    rows,
    mean_score,
    taken,
    model_id
from serving.calibration
order by
    ds,
    bin;

create table release.drift as
select
    ds,
    ds_before,
    k,
    users,
    overlap,
    psi,
    psi_limit,
    model_id,
    model_before
from serving.drift
order by ds;

create table release.models as
select
    model_id,
    ds,
    pooling,
    auc,
    gauc,
    logloss,
    base_gauc,
    rela_impr,
    champion and row_number() over (order by champion desc, ds desc, created_at desc, model_id asc) = 1 as champion,
    created_at,
    train_examples,
    eval_examples,
    goods_rows,
    shop_rows,
    seconds,
    gauc_positives,
    gauc_equal,
    users,
    share_covered,
    calibration_error,
    calibration,
    valid_examples,
    valid_gauc,
    epoch,
    warm_from,
    removed_at
from ops.models
order by
    created_at,
    model_id;

create table release.nights as
select
    nights.ds,
    nights.status,
    nights.users,
    nights.rows,
    nights.model_id,
    nights.published_at,
    nights.seconds,
    nights.checks,
    nights.as_of,
    scored.candidates,
    scored.unknown_goods,
    scored.unknown_shops,
    scored.unknown_rows,
    nights.unmatched_types
from ops.nights as nights
left join serving.scored as scored using (ds)
where
    nights.status <> 'RANKED'
    or nights.ds in (select published_nights.ds from published_nights)
order by nights.ds;

-- Errors stay in the record: they may quote a row of somebody's.
create table release.summaries as
select * exclude (error)
from ops.summaries
order by ds;

create table release.intervals as
select
    asset,
    ds,
    status,
    fingerprint,
    run_id,
    rows_in,
    rows,
    duplicates,
    quarantined,
    input_watermark,
    started_at,
    finished_at,
    error,
    parts,
    removed_at
from ops.intervals
order by
    asset,
    ds;
