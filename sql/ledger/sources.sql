-- One row per source of a kind that this store has read.
select
    source,
    kind,
    query,
    path
from ops.sources
where kind = $kind
order by source
