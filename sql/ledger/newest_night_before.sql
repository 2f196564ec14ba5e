-- One row: whether the night is published, and the newest published night before it.
select
    coalesce(bool_or(ds = $ds), false) as is_published,
    max(ds) filter (where ds < $ds) as newest_before
from ops.nights
where status in ('OK', 'OK_WITH_WARNINGS')
