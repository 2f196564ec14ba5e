-- One row per (ds, bin) of the night of $ds and the night of $before_ds: twenty bins of score, and the share of rows in
-- each; bins without rows are left out.
with binned as (
    select
        ds,
        least(floor(score * 20), 19)::integer as bin
    from rankings
    where ds in ($ds, $before_ds)
)

select
    ds,
    bin,
    count(*) as rows,
    count(*) / sum(count(*)) over (partition by ds) as share
from binned
group by
    ds,
    bin
order by
    ds,
    bin
