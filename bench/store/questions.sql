-- Fills a published file whose tables are empty: $users users, $nights nights of $k ranks each, $goods goods, and $why rows
-- of why. Ids are whole numbers from 1; a hash draws what a night would choose. One row in a hundred of what people took.
insert into nights by name
select
    date '2025-03-31' - back as ds,
    'OK' as status,
    $users as users,
    $users * $k as rows,
    if(back < $nights // 2, 'din-2', 'din-1') as model_id,
    ds + interval 27 hour as published_at,
    90.0 as seconds,
    [{'name': 'scores_differ', 'severity': 'stop', 'broken': 0}] as checks,
    ds + interval 1 day as as_of
from (select range::integer as back from range($nights::bigint));

insert into goods by name
select
    range as goods_id,
    range % (1 + $goods // 20) as shop_id,
    'category ' || range % 50 as cat_id,
    'goods ' || range as name,
    range % 50 > 0 as active
from range(1, 1 + $goods::bigint);

-- Each user has their own goods around a place of the catalogue; a night takes k of them in a row.
insert into rankings by name
select
    nights.ds,
    people.range as user_id,
    ranks.range as rank,
    1 + (hash(people.range) % $goods::ubigint + hash(nights.ds, people.range) % 10 + ranks.range) % $goods as goods_id,
    goods_id % (1 + $goods // 20) as shop_id,
    1 / (1 + ranks.range) as score,
    if(ranks.range % 3 = 0, ['popular', 'co_visited'], ['bought_before']) as sources,
    nights.model_id,
    'run' as run_id
from nights
cross join range(1, 1 + $users::bigint) as people
cross join range(1, 1 + $k::bigint) as ranks
order by
    nights.ds,
    people.range,
    ranks.range;

insert into goods_sequences by name
select
    date '2025-03-31' as ds,
    people.range as user_id,
    list_transform(range(people.range % 101), lambda place: 1 + hash(people.range, place) % $goods) as goods_ids,
    list_transform(goods_ids, lambda _: 'purchase') as event_types,
    list_transform(range(people.range % 101), lambda place: timestamp '2025-03-01' + to_hours(7 * place)) as event_ts
from range(1, 1 + $users::bigint) as people;

insert into shop_sequences by name
select
    ds,
    user_id,
    list_transform(goods_ids, lambda goods: goods % (1 + $goods // 20)) as shop_ids,
    event_types,
    event_ts
from goods_sequences;

-- As many history goods as shops for each goods that is explained, five of either.
insert into why by name
select
    rankings.ds,
    rankings.user_id,
    rankings.goods_id,
    parts.part,
    if(parts.part = 'goods', 1 + hash(rankings.user_id, places.range) % $goods, places.range) as history_id,
    timestamp '2025-03-30' as event_ts,
    1 / (1 + places.range) as weight,
    0.1 as share
from rankings
cross join (values ('goods'), ('shop')) as parts (part)
cross join range(5) as places
where
    rankings.ds = date '2025-03-31'
    and rankings.rank <= $why / $users / 10;

insert into models by name
select
    given.*,
    given.ds + interval 25 hour as created_at
from (
    values
    ('mean-2', date '2025-03-24', 'mean', false, 0.7, 0.7, 0.0, 0.5),
    ('din-2', date '2025-03-24', 'din', true, 0.75, 0.7, 25.0, 0.5),
    ('din-1', date '2025-03-10', 'din', false, 0.75, 0.7, 25.0, 0.5)
) as given (model_id, ds, pooling, champion, gauc, base_gauc, rela_impr, logloss);

insert into outcomes by name
select
    ds,
    k.range as k,
    $users as users,
    0.5 as hit_rate,
    0.25 as ndcg,
    0.25 as recall,
    0.25 as mrr,
    0.5 as coverage,
    model_id
from nights
cross join range(10, 60, 20) as k;

insert into baselines by name
select
    outcomes.* exclude (coverage),
    rankers.ranker
from outcomes
cross join (values ('popular'), ('bought_again'), ('mean')) as rankers (ranker);

insert into outcomes_by_segment by name
select
    outcomes.* exclude (coverage, model_id),
    'model' as ranker,
    'history' as kind,
    segments.segment
from outcomes
cross join (values ('0'), ('1-4'), ('5-19'), ('20-99'), ('100+')) as segments (segment);

insert into drift by name
select
    ds,
    ds - 1 as ds_before,
    $k as k,
    $users as users,
    0.75 as overlap,
    0.01 as psi,
    0.1 as psi_limit,
    model_id,
    model_id as model_before
from nights;

insert into intervals by name
select
    nights.ds,
    assets.asset,
    'done' as status,
    'run' as run_id,
    1000 as rows,
    1 as quarantined,
    nights.as_of as started_at,
    nights.as_of + interval 5 second as finished_at
from nights
cross join (values ('events.web'), ('histories'), ('goods_sequences'), ('candidates'), ('rankings')) as assets (asset);
