-- Which candidate sources fill the first ten ranks tonight? One row per source; a goods with two sources counts twice.
with proposed as (
    select
        rank,
        unnest(sources) as source
    from latest_rankings
)

select
    source,
    count(*) filter (where rank <= 10) as rows_in_top_10,
    count(*) as rows_ranked
from proposed
group by source
order by
    rows_in_top_10 desc,
    source asc
