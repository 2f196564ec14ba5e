-- Copies what people may see into the attached file `release`, keys turned back into the ids of the source.
-- Reads the warehouse and published_nights (ds).

create table release.rankings as
select
    rankings.ds,
    users.user_id,
    rankings.rank,
    goods.goods_id,
    shops.shop_id,
    rankings.score,
    rankings.sources,
    rankings.model_id,
    rankings.run_id
from serving.rankings as rankings
inner join published_nights using (ds)
inner join entities.users as users using (user_key)
inner join entities.goods as goods using (goods_key)
left join entities.shops as shops using (shop_key)
order by
    rankings.ds,
    users.user_id,
    rankings.rank;

-- Both kinds of history under one another, since `union all` takes goods and shops of unlike types together as text,
-- which `case` refuses; where both are integers, history_id stays one.
create table release.why as
with explained as (
    select
        why.ds,
        users.user_id,
        goods.goods_id,
        why.part,
        why.history_key,
        why.event_ts,
        why.weight
    from serving.why as why
    inner join published_nights using (ds)
    inner join entities.users as users using (user_key)
    inner join entities.goods as goods using (goods_key)
),

named as (
    select
        explained.ds,
        explained.user_id,
        explained.goods_id,
        explained.part,
        history.goods_id as history_id,
        explained.event_ts,
        explained.weight
    from explained
    left join entities.goods as history on explained.history_key = history.goods_key
    where explained.part = 'goods'
    union all
    select
        explained.ds,
        explained.user_id,
        explained.goods_id,
        explained.part,
        history.shop_id as history_id,
        explained.event_ts,
        explained.weight
    from explained
    left join entities.shops as history on explained.history_key = history.shop_key
    where explained.part = 'shop'
)

select
    ds,
    user_id,
    goods_id,
    part,
    history_id,
    event_ts,
    weight
from named
order by
    ds asc,
    user_id asc,
    goods_id asc,
    part asc,
    weight desc,
    history_id asc;

-- The sequences are empty here, with the types that ids have; features/named_sequences.py fills them.
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
    ds,
    status,
    users,
    rows,
    model_id,
    published_at,
    seconds,
    checks,
    as_of
from ops.nights
where
    status <> 'RANKED'
    or ds in (select published_nights.ds from published_nights)
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
