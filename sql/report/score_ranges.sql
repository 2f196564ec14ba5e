-- One row per ds of the night of $ds and the night of $before_ds: where their scores lie, and those of rank 1.
select
    ds,
    count(*) as rows,
    min(score) as lowest,
    quantile_disc(score, 0.25) as quarter,
    quantile_disc(score, 0.5) as median,
    quantile_disc(score, 0.75) as three_quarters,
    max(score) as highest,
    quantile_disc(score, 0.5) filter (where rank = 1) as median_of_rank_1
from rankings
where ds in ($ds, $before_ds)
group by ds
order by ds desc
