-- Makes night_summary, one row: what the night of $ds tells whoever is on call. Medians are over the last seven nights
-- published before it. Reads the ledger, ops and serving; what this run did not come to is NULL.
create or replace temp table night_summary as
with events_of as (
    select
        ds,
        sum(rows) as events
    from ops.event_rows
    group by ds
),

new_events as (
    select coalesce(sum(rows), 0)::bigint as events
    from ops.event_rows
    where ds = $ds
),

tonight as (
    select
        nights.users,
        nights.rows,
        nights.model_id,
        scored.candidates
    from ops.nights as nights
    left join serving.scored as scored using (ds)
    where
        nights.ds = $ds
        and nights.run_id = $run_id
),

last_nights as (
    select
        nights.users,
        nights.rows,
        scored.candidates,
        coalesce(events_of.events, 0) as events
    from ops.nights as nights
    left join serving.scored as scored using (ds)
    left join events_of using (ds)
    where
        nights.ds < $ds
        and nights.published_at is not null
    order by nights.ds desc
    limit 7
),

medians as (
    select
        median(events) as events,
        median(users) as users,
        median(candidates) as candidates,
        median(rows) as rows
    from last_nights
),

newest_events as (
    select
        sources.source,
        max(event_rows.event_ds) as newest_event_ds
    from ops.sources as sources
    left join ops.event_rows as event_rows
        on
            sources.source = event_rows.source
            and event_rows.ds <= $ds
    where sources.kind = 'events'
    group by sources.source
),

freshness as (
    select
        list(
            {
                source: source,
                newest_event_ds: newest_event_ds,
                days_behind: ($ds::date - newest_event_ds)::integer
            }
            order by source
        ) as sources
    from newest_events
),

-- Of the first ten, where they were measured.
quality as (
    select
        k,
        hit_rate
    from serving.outcomes
    where ds = $ds
    order by
        k = 10 desc,
        k desc
    limit 1
),

best_baseline as (
    select
        baselines.ranker,
        baselines.hit_rate
    from serving.baselines as baselines
    inner join quality using (k)
    where
        baselines.ds = $ds
        and baselines.ranker <> 'model'
    order by
        baselines.hit_rate desc nulls last,
        baselines.ranker asc
    limit 1
),

drift as (
    select
        overlap,
        psi,
        psi_limit
    from serving.drift
    where
        ds = $ds
        and exists (from tonight)
),

coverage as (
    select count(distinct goods_key) / (select nullif(count(*), 0) from entities.goods) as goods_share
    from serving.rankings
    where
        ds = $ds
        and exists (from tonight)
),

model as (
    select
        models.model_id,
        ($ds::date - models.ds)::integer as model_days,
        models.gauc,
        models.base_gauc
    from ops.models as models
    where models.model_id = coalesce((select tonight.model_id from tonight), $champion_id)
),

late as (
    select
        coalesce(sum(rows), 0)::bigint as rows,
        count(distinct event_ds) as days
    from ops.late
    where
        read_at > coalesce(
            (
                select max(summaries.told_at)
                from ops.summaries as summaries
                where
                    summaries.ds < $ds
                    and summaries.state in ('OK', 'OK_WITH_WARNINGS')
            ),
            timestamp '1970-01-01'
        )
)

select
    $ds::date as ds,
    $run_id as run_id,
    $state as state,
    $stage::varchar as stage,
    $error::varchar as error,
    $told_at::timestamp as told_at,
    freshness.sources,
    new_events.events,
    medians.events as events_median,
    tonight.users,
    medians.users as users_median,
    tonight.candidates,
    medians.candidates as candidates_median,
    tonight.rows,
    medians.rows as rows_median,
    quality.k,
    quality.hit_rate,
    best_baseline.ranker as baseline,
    best_baseline.hit_rate as baseline_hit_rate,
    drift.overlap,
    drift.psi,
    drift.psi_limit,
    case when tonight.rows > 0 then coverage.goods_share end as goods_share,
    model.model_id,
    model.model_days,
    model.gauc,
    model.base_gauc,
    late.rows as late_rows,
    late.days as late_days,
    map($stage_names::varchar[], $stage_seconds::double[]) as stages,
    $advice::varchar[] as advice
from medians
cross join new_events
cross join freshness
cross join coverage
cross join late
left join tonight on true
left join quality on true
left join best_baseline on true
left join drift on true
left join model on true
