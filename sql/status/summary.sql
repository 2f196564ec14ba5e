-- One row: what the night that was tried last told, for whoever is on call. Reads ops.summaries.
select *
from ops.summaries
order by
    told_at desc,
    ds desc
limit 1
