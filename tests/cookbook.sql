-- A published store of three nights, made by hand, on which the questions of sql/inspect have whole answers.
-- Three users, five goods in two shops and categories; mean-1 ranks two nights, din-2 the third. User 2 has little
-- history, user 3 is not ranked in the third night, the oil is ranked for nobody, the salt is new in the third night.

insert into nights by name
select
    ds,
    status,
    users,
    rows,
    model_id,
    ds + interval 1 day as as_of,
    ds + interval 27 hour as published_at,
    90.0 as seconds,
    [
        {'name': 'scores_differ', 'severity': 'stop', 'broken': 0},
        {'name': 'source_is_fresh', 'severity': 'warn', 'broken': late}
    ] as checks
from (
    values
    (date '2025-03-18', 'OK', 3, 4, 'mean-1', 0),
    (date '2025-03-19', 'OK', 3, 4, 'mean-1', 0),
    (date '2025-03-20', 'OK_WITH_WARNINGS', 2, 4, 'din-2', 1)
) as night (ds, status, users, rows, model_id, late);

insert into goods by name
select *
from (
    values
    (10, 100, 'hot', 'tea', true),
    (11, 100, 'hot', 'cup', true),
    (12, 200, 'dry', 'rice', false),
    (13, 200, 'dry', 'salt', true),
    (14, 200, 'dry', 'oil', true)
) as given (goods_id, shop_id, cat_id, name, active);

insert into rankings by name
select
    given.*,
    goods.shop_id,
    nights.model_id,
    'run' as run_id
from (
    values
    (date '2025-03-18', 1, 1, 10, 0.875, ['popular']),
    (date '2025-03-18', 1, 2, 11, 0.75, ['popular']),
    (date '2025-03-18', 2, 1, 10, 0.625, ['popular']),
    (date '2025-03-18', 3, 1, 12, 0.5, ['bought_before', 'popular']),
    (date '2025-03-19', 1, 1, 10, 0.875, ['popular']),
    (date '2025-03-19', 1, 2, 11, 0.75, ['popular']),
    (date '2025-03-19', 2, 1, 10, 0.625, ['popular']),
    (date '2025-03-19', 3, 1, 12, 0.5, ['bought_before']),
    (date '2025-03-20', 1, 1, 11, 1.0, ['bought_before', 'popular']),
    (date '2025-03-20', 1, 2, 13, 0.5, ['same_shop']),
    (date '2025-03-20', 1, 3, 10, 0.25, ['popular']),
    (date '2025-03-20', 2, 1, 10, 0.125, ['popular'])
) as given (ds, user_id, rank, goods_id, score, sources)
inner join goods using (goods_id)
inner join nights using (ds);

insert into goods_sequences by name
select *
from (
    values
    (
        date '2025-03-20',
        1,
        [10, 12, 12, 12, 11],
        ['view', 'view', 'view', 'view', 'purchase'],
        [
            timestamp '2025-03-11 09:00',
            timestamp '2025-03-12 09:00',
            timestamp '2025-03-13 09:00',
            timestamp '2025-03-14 09:00',
            timestamp '2025-03-20 09:00'
        ]
    ),
    (date '2025-03-20', 2, [12], ['view'], [timestamp '2025-03-02 09:00'])
) as given (ds, user_id, goods_ids, event_types, event_ts);

insert into why by name
select *
from (
    values
    (date '2025-03-20', 1, 11, 'goods', 11, timestamp '2025-03-20 09:00', 0.75),
    (date '2025-03-20', 1, 11, 'goods', 10, timestamp '2025-03-11 09:00', 0.25),
    (date '2025-03-20', 1, 13, 'goods', 11, timestamp '2025-03-20 09:00', 0.5),
    (date '2025-03-20', 2, 10, 'goods', 12, timestamp '2025-03-02 09:00', 1.0),
    (date '2025-03-20', 1, 11, 'shop', 100, timestamp '2025-03-20 09:00', 1.0)
) as given (ds, user_id, goods_id, part, history_id, event_ts, weight);

insert into outcomes by name
select *
from (
    values
    (date '2025-03-19', 10, 2, 0.5, 0.25, 0.5, 0.5, 0.6, 'mean-1'),
    (date '2025-03-20', 10, 2, 0.5, 0.375, 0.5, 0.5, 0.6, 'mean-1'),
    (date '2025-03-21', 10, 2, 1.0, 0.625, 0.75, 0.5, 0.6, 'din-2')
) as given (ds, k, users, hit_rate, ndcg, recall, mrr, coverage, model_id);

insert into models by name
select
    given.*,
    1.0 as calibration,
    given.ds + interval 25 hour as created_at
from (
    values
    ('mean-1', date '2025-03-10', 'mean', false, 0.7, 0.7, 0.0, 0.5, 1000),
    ('din-2', date '2025-03-19', 'din', true, 0.75, 0.7, 25.0, 0.5, 1100)
) as given (model_id, ds, pooling, champion, gauc, base_gauc, rela_impr, logloss, train_examples);

insert into intervals by name
select
    given.* exclude (took),
    'f' as fingerprint,
    'run' as run_id,
    0 as quarantined,
    given.ds + interval 24 hour as started_at,
    given.ds + interval 24 hour + to_seconds(given.took) as finished_at
from (
    values
    ('events.web', date '2025-03-18', 'done', 40, 1, null),
    ('events.web', date '2025-03-19', 'done', 60, 1, null),
    ('events.web', date '2025-03-20', 'done', 10, 2, null),
    ('histories', date '2025-03-20', 'done', 110, 3, null),
    ('outcomes', date '2025-03-20', 'failed', null, 1, 'FeatureError: no space is left')
) as given (asset, ds, status, rows, took, error);

insert into baselines by name
select
    given.*,
    10 as k,
    2 as users
from (
    values
    (date '2025-03-21', 'popular', 0.5, 0.25, 0.25, 0.25),
    (date '2025-03-21', 'bought_again', 1.0, 0.75, 0.75, 0.625)
) as given (ds, ranker, hit_rate, recall, ndcg, mrr);

insert into outcomes_by_segment by name
select
    given.*,
    10 as k,
    'model' as ranker,
    1 as users,
    0.5 as mrr
from (
    values
    (date '2025-03-20', 'history', '5-19', 0.5, 0.5, 0.25),
    (date '2025-03-21', 'history', '5-19', 1.0, 0.5, 0.75),
    (date '2025-03-21', 'source', 'popular', 0.5, 0.25, 0.25)
) as given (ds, kind, segment, hit_rate, recall, ndcg);

insert into drift by name
select *
from (
    values
    (date '2025-03-19', 3, 1.0, 0.0625, 0.125, 'mean-1', 'mean-1'),
    (date '2025-03-20', 2, 0.75, 1.5, null, 'din-2', 'mean-1')
) as given (ds, users, overlap, psi, psi_limit, model_id, model_before);
