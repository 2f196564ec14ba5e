-- Writes the outcomes of a day in place of any before: of the model, of the segments, of the baselines, and how likely
-- what it ranked was taken. Reads what wanted.sql makes, known_goods, outcomes_at and bin_of.

create or replace temp table measured as
from outcomes_at($cutoffs);

delete from serving.outcomes
where ds = $ds;

insert into serving.outcomes by name
with cutoffs as (
    select unnest($cutoffs) as k
),

shown as (
    select
        cutoffs.k,
        count(distinct night_rankings.goods_key) / (select nullif(count(*), 0) from known_goods) as coverage
    from cutoffs
    inner join night_rankings on cutoffs.k >= night_rankings.rank
    group by cutoffs.k
)

select
    $ds as ds,
    measured.k,
    measured.users,
    measured.hit_rate,
    measured.ndcg,
    measured.recall,
    measured.mrr,
    shown.coverage,
    $model_id as model_id
from measured
inner join shown using (k)
where
    measured.ranker = 'model'
    and measured.kind = 'all'
order by measured.k;

delete from serving.outcomes_by_segment
where ds = $ds;

insert into serving.outcomes_by_segment by name
select
    $ds as ds,
    k,
    kind,
    segment,
    ranker,
    users,
    hit_rate,
    ndcg,
    recall,
    mrr
from measured
where kind <> 'all'
order by
    k,
    kind,
    segment,
    ranker;

-- Whoever took something and had no ranking: what no ranker could have found.
insert into serving.outcomes_by_segment by name
select
    $ds as ds,
    unnest($cutoffs) as k,
    'user' as kind,
    'not ranked' as segment,
    'model' as ranker,
    count(distinct user_key) as users
from wanted
where not ranked
having count(*) > 0;

delete from serving.baselines
where ds = $ds;

insert into serving.baselines by name
select
    $ds as ds,
    measured.k,
    measured.ranker,
    measured.users,
    measured.hit_rate,
    measured.ndcg,
    measured.recall,
    measured.mrr,
    case measured.ranker when 'model' then $model_id when 'mean' then $mean_id end as model_id
from measured
where measured.kind = 'all'
order by
    measured.k,
    measured.ranker;

delete from serving.calibration
where ds = $ds;

-- Ten bins of about as many rows each by score, cut at the deciles, so that a tie is in one bin. Scores are added up as
-- whole billionths, in any order to the same sum.
insert into serving.calibration by name
with decile as (
    select quantile_disc(score, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) as edges
    from night_rankings
),

binned as (
    select
        1 + bin_of(ranked.score, decile.edges) as bin,
        ranked.score,
        wanted.goods_key is not null as taken
    from night_rankings as ranked
    cross join decile
    left join wanted using (user_key, goods_key)
)

select
    $ds as ds,
    bin,
    count(*) as rows,
    sum(round(score * 1e9)::bigint)::double / 1e9 / count(*) as mean_score,
    count(*) filter (where taken) / count(*) as taken,
    $model_id as model_id
from binned
group by bin
order by bin;
