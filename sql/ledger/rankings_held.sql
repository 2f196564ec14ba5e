-- One row per ranked night: how many rows its ranking has.
select
    ds,
    count(*) as rows
from serving.rankings
group by ds
order by ds
