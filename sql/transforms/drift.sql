-- Writes how the ranking of $ds differs from that of $ds_before, the night published before it: one row of serving.drift.
-- Reads compared, compared_nights, overlap_of_user and bin_of.
insert into serving.drift by name
with mean_overlap as (
    select
        count(*) as users,
        avg(overlap order by user_key) as overlap
    from overlap_of_user
),

-- The population stability index over ten bins, cut at the deciles of the night before; half a row is added to each bin,
-- so that an empty one has a logarithm.
decile as (
    select quantile_disc(score, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) as edges
    from compared
    where not tonight
),

counted as (
    select
        bin_of(compared.score, decile.edges) as bin,
        count(*) filter (where compared.tonight) as rows,
        count(*) filter (where not compared.tonight) as rows_before
    from compared
    cross join decile
    group by bin
),

shares as (
    select
        bins.bin,
        (coalesce(counted.rows, 0) + 0.5) / (sum(counted.rows) over () + 5) as share,
        (coalesce(counted.rows_before, 0) + 0.5) / (sum(counted.rows_before) over () + 5) as share_before
    from range(10) as bins (bin)
    left join counted using (bin)
),

stability as (
    select sum((share - share_before) * ln(share / share_before) order by bin) as psi
    from shares
),

users as (
    select
        count(distinct user_key) filter (where tonight) as tonight,
        count(distinct user_key) filter (where not tonight) as before
    from compared
),

shorter as (
    select min(longest) as k
    from compared_nights
)

select
    $ds as ds,
    $ds_before as ds_before,
    shorter.k,
    mean_overlap.users,
    mean_overlap.overlap,
    stability.psi,
    -- Two draws of so many users from the same scores are nine times this apart on average: chance is no reason to stop.
    case when $max_psi > 0 then $max_psi + 9 * (1 / users.tonight + 1 / users.before) end as psi_limit,
    nights.model_id,
    nights_before.model_id as model_before
from stability
cross join users
cross join mean_overlap
cross join shorter
inner join ops.nights as nights on nights.ds = $ds
inner join ops.nights as nights_before on nights_before.ds = $ds_before
where
    users.tonight > 0
    and users.before > 0;
