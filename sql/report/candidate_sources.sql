-- One row per candidate source of the night of $ds: which share of the first ten ranks, and of all, it proposed; a goods
-- of two sources counts for both, so shares add up to more than one.
with ranked as (
    select
        rank,
        sources
    from rankings
    where ds = $ds
),

all_ranked as (
    select
        count(*) as rows,
        count(*) filter (where rank <= 10) as rows_in_top_10
    from ranked
),

proposed as (
    select
        rank,
        unnest(sources) as source,
        len(sources) = 1 as is_alone
    from ranked
)

select
    proposed.source,
    count(*) filter (where proposed.rank <= 10) as rows_in_top_10,
    count(*) filter (where proposed.rank <= 10) / any_value(all_ranked.rows_in_top_10) as share_of_top_10,
    count(*) / any_value(all_ranked.rows) as share_of_all,
    count(*) filter (where proposed.is_alone and proposed.rank <= 10) as alone_in_top_10
from proposed
cross join all_ranked
group by proposed.source
order by
    rows_in_top_10 desc,
    proposed.source asc
