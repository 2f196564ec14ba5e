-- The warehouse: the record of what is built. One writer at a time, and only the pipeline opens it.
-- The tables of ids (entities.users, .goods, .shops) are made at the first ingestion, since ids keep their type.

create schema if not exists entities;
create schema if not exists ops;
create schema if not exists serving;

-- One row per (asset, ds): the ledger, the truth about what is built. removed_at: when housekeeping removed the files of
-- what had been built; it is built again when something needs it.
create table if not exists ops.intervals (
    asset varchar not null,
    ds date not null,
    status varchar not null check (status in ('running', 'done', 'failed')),
    fingerprint varchar not null,
    run_id varchar not null,
    rows_in bigint,
    rows bigint,
    duplicates bigint,
    quarantined bigint,
    input_watermark timestamp,
    started_at timestamp not null,
    finished_at timestamp,
    error varchar,
    parts map (varchar, varchar),
    removed_at timestamp,
    primary key (asset, ds)
);

-- One row per lake file that counts: a file that is not named here is not real.
create table if not exists ops.files (
    asset varchar not null,
    ds date not null,
    bucket integer not null,
    path varchar not null,
    sha256 varchar not null,
    rows bigint not null,
    bytes bigint not null,
    primary key (path)
);

-- One row per lake file that counted once, until housekeeping removes it: a file that is in neither table was never real,
-- or is of a newer warehouse than this one.
create table if not exists ops.replaced_files (
    path varchar not null
);

-- One row per (source, ds, event_ds, read_ds) of events: which rows a file of events holds. `ds` is the night that sees
-- them first, `event_ds` the day they happened, `read_ds` the day under which the source gave them.
create table if not exists ops.event_rows (
    source varchar not null,
    ds date not null,
    event_ds date not null,
    read_ds date not null,
    rows bigint not null
);

-- One row per ruler that the store was measured with from its first day and keeps for good: its time zone, and of each
-- source the form of its event ids (`event_id.<source>`), and that categories are whole numbers (`categories`).
create table if not exists ops.rulers (
    ruler varchar primary key,
    kept varchar not null
);

-- One row per source: the query that reads it, and where its files are.
create table if not exists ops.sources (
    source varchar primary key,
    kind varchar not null,
    query varchar not null,
    path varchar,
    registered_at timestamp not null
);

-- One row per run of a command that writes.
create table if not exists ops.runs (
    run_id varchar primary key,
    command varchar not null,
    ds date not null,
    status varchar not null,
    started_at timestamp not null,
    finished_at timestamp,
    error varchar,
    reason varchar
);

-- One row per trained model. A champion was no worse than the one before it when it was registered: it ranks the nights
-- from its ds on, up to the ds of the next (sql/ledger/champion.sql). removed_at: when housekeeping removed its folder.
create table if not exists ops.models (
    model_id varchar primary key,
    ds date not null,
    pooling varchar not null,
    auc double,
    gauc double,
    logloss double,
    base_gauc double,
    rela_impr double,
    champion boolean not null,
    created_at timestamp not null,
    train_examples bigint not null,
    eval_examples bigint not null,
    goods_rows bigint not null,
    shop_rows bigint not null,
    seconds double not null,
    run_id varchar not null,
    gauc_positives double,
    gauc_equal double,
    users bigint,
    share_covered double,
    calibration_error double,
    calibration double,
    valid_examples bigint,
    valid_gauc double,
    epoch integer,
    warm_from varchar,
    removed_at timestamp
);

-- One row per night that was ranked, whether or not it was published.
create table if not exists ops.nights (
    ds date primary key,
    as_of timestamp not null,
    status varchar not null,
    users bigint not null,
    rows bigint not null,
    model_id varchar not null,
    run_id varchar not null,
    published_at timestamp,
    seconds double not null,
    checks struct(name varchar, severity varchar, broken bigint)[],
    unmatched_types varchar[]
);

-- One row per night that was tried: what it told whoever is on call, the last time it was. `stages`: the seconds of each;
-- `stage` and `error`: where it stopped, and what for. What a median is over: sql/transforms/night_summary.sql.
-- No primary key: on a full disk DuckDB 1.5 aborts the process where a replaced row of one cannot be committed.
create table if not exists ops.summaries (
    ds date,
    run_id varchar not null,
    state varchar not null check (state in ('OK', 'OK_WITH_WARNINGS', 'FAILED_KEPT_YESTERDAY', 'FAILED')),
    stage varchar,
    error varchar,
    told_at timestamp not null,
    sources struct(source varchar, newest_event_ds date, days_behind integer)[],
    events bigint,
    events_median double,
    users bigint,
    users_median double,
    candidates bigint,
    candidates_median double,
    rows bigint,
    rows_median double,
    k integer,
    hit_rate double,
    baseline varchar,
    baseline_hit_rate double,
    overlap double,
    psi double,
    psi_limit double,
    goods_share double,
    model_id varchar,
    model_days integer,
    gauc double,
    base_gauc double,
    late_rows bigint not null,
    late_days bigint not null,
    stages map (varchar, double) not null,
    advice varchar[] not null
);

-- One row per (asset, ds) of a source: what it gave for a day when its rows were last taken, and from which path. `digest`
-- is a sum of row hashes, in which forgotten people have no part; `made_of` covers what turns
-- those rows into events. A day that comes again with the same three is not read again.
create table if not exists ops.days_given (
    asset varchar not null,
    ds date not null,
    rows bigint not null,
    digest hugeint,
    made_of varchar not null,
    path varchar
);

-- One row per (asset, ds) of which the store holds more rows than its source gave when it was last read, and keeps them.
-- The row goes when the source gives the rows again, or when somebody accepts the loss.
create table if not exists ops.days_held_back (
    asset varchar not null,
    ds date not null,
    rows_held bigint not null,
    rows_returned bigint not null,
    run_id varchar not null,
    seen_at timestamp not null
);

-- One row per (asset, ds, reason): how many rows of a source were refused for it when the day was last read. Rows without
-- a day count under 1970-01-01.
create table if not exists ops.refused_rows (
    asset varchar not null,
    ds date not null,
    reason varchar not null,
    rows bigint not null
);

-- One row per source whose last read skipped lines of its files, as `ignore_errors` says: how many.
create table if not exists ops.skipped_rows (
    asset varchar not null,
    rows bigint not null,
    run_id varchar not null,
    read_at timestamp not null
);

-- One row per (source, event_ds) and read that brought events of a day that had been read before: they came late.
create table if not exists ops.late (
    source varchar not null,
    event_ds date not null,
    rows bigint not null,
    run_id varchar not null,
    read_at timestamp not null
);

-- One row, made with the first tombstone: what is put before an id when it is hashed.
create table if not exists ops.salt (
    salt varchar not null
);

-- One row per forgotten person: a tombstone. The hash of their id, the key they had, which is not given again, and the
-- checkpoints that learned from them.
create table if not exists entities.forgotten (
    user_hash varchar primary key,
    user_key integer,
    forgotten_at timestamp not null,
    model_ids varchar[] not null
);

-- One row per category that a model was asked to tell apart, with the dense key it was given then and keeps; 0 is the
-- unknown one, never given.
create table if not exists entities.categories (
    cat_id varchar primary key,
    category_key integer not null
);

-- One row per item of the goods catalogue: what the catalogue says now, and the day of the read that said so; NULL where
-- that was before the store kept the days.
create table if not exists entities.catalogue (
    goods_key integer primary key,
    shop_key integer not null,
    cat_id varchar,
    name varchar,
    active boolean not null,
    since date
);

-- One row per item and row that the catalogue had for it before: from the read of `since` until that of until_ds.
create table if not exists entities.catalogue_before (
    goods_key integer not null,
    shop_key integer not null,
    cat_id varchar,
    name varchar,
    active boolean not null,
    since date not null,
    until_ds date not null
);

-- One row per (ds, user_key, rank): the nightly ranked candidates.
create table if not exists serving.rankings (
    ds date not null,
    user_key integer not null,
    rank integer not null,
    goods_key integer not null,
    shop_key integer not null,
    score double not null,
    sources varchar[] not null,
    model_id varchar not null,
    run_id varchar not null
);

-- One row per (ds, user_key, goods_key, part, history_key): the history that carried the weight.
create table if not exists serving.why (
    ds date not null,
    user_key integer not null,
    goods_key integer not null,
    part varchar not null check (part in ('goods', 'shop')),
    history_key integer not null,
    event_ts timestamp not null,
    weight double not null,
    share double
);

-- One row per (ds, k): the ranking of the night before ds, held against what people did on ds.
create table if not exists serving.outcomes (
    ds date not null,
    k integer not null,
    users bigint not null,
    hit_rate double,
    ndcg double,
    recall double,
    mrr double,
    coverage double,
    model_id varchar not null
);

-- One row per (ds, k, kind, segment, ranker): the outcomes of some users, or of the hits that one source had proposed.
create table if not exists serving.outcomes_by_segment (
    ds date not null,
    k integer not null,
    kind varchar not null check (kind in ('history', 'user', 'source')),
    segment varchar not null,
    ranker varchar not null,
    users bigint not null,
    hit_rate double,
    ndcg double,
    recall double,
    mrr double
);

-- One row per (ds, k, ranker): the model's outcomes beside those of simpler orders of the same candidates.
create table if not exists serving.baselines (
    ds date not null,
    k integer not null,
    ranker varchar not null check (ranker in ('model', 'popular', 'bought_again', 'mean')),
    users bigint not null,
    hit_rate double,
    ndcg double,
    recall double,
    mrr double,
    model_id varchar
);

-- One row per (ds, bin): the rows ranked the night before ds by score, and what share of them was taken on ds.
create table if not exists serving.calibration (
    ds date not null,
    bin integer not null,
    rows bigint not null,
    mean_score double not null,
    taken double not null,
    model_id varchar not null
);

-- One row per ds: what was scored, and what of it came after the model was trained.
create table if not exists serving.scored (
    ds date not null,
    candidates bigint not null,
    unknown_goods bigint not null,
    unknown_shops bigint not null,
    unknown_rows bigint not null
);

-- One row per ds: how its ranking differs from that of the night published before it.
create table if not exists serving.drift (
    ds date not null,
    ds_before date not null,
    k integer not null,
    users bigint not null,
    overlap double,
    psi double not null,
    psi_limit double,
    model_id varchar not null,
    model_before varchar not null
);

-- Stores of before these columns get them, empty. What was built without `parts` is stale until it is built again.
alter table serving.why add column if not exists share double;
alter table ops.intervals add column if not exists parts map (varchar, varchar);
alter table ops.runs add column if not exists reason varchar;
alter table ops.models add column if not exists gauc_positives double;
alter table ops.models add column if not exists gauc_equal double;
alter table ops.models add column if not exists users bigint;
alter table ops.models add column if not exists share_covered double;
alter table ops.models add column if not exists calibration_error double;
alter table ops.models add column if not exists calibration double;
alter table ops.models add column if not exists valid_examples bigint;
alter table ops.models add column if not exists valid_gauc double;
alter table ops.models add column if not exists epoch integer;
alter table ops.models add column if not exists warm_from varchar;
alter table ops.intervals add column if not exists removed_at timestamp;
alter table ops.models add column if not exists removed_at timestamp;
alter table ops.nights add column if not exists unmatched_types varchar[];
alter table entities.catalogue add column if not exists since date;
