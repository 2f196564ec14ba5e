-- One row: whether the night is published, the newest published night before it, and the newest published of all.
select
    coalesce(bool_or(ds = $ds), false) as is_published,
    max(ds) filter (where ds < $ds) as newest_before,
    max(ds) as newest
from ops.nights
where status in ('OK', 'OK_WITH_WARNINGS')
