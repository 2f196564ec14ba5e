-- One row per night newer than the newest published one that a check stopped. Reads ops.nights.
select
    nights.ds,
    nights.status,
    list_transform(
        list_filter(nights.checks, lambda one: one.severity = 'stop' and one.broken > 0),
        lambda one: one.name
    ) as broken
from ops.nights
where
    nights.status = 'FAILED_KEPT_YESTERDAY'
    and nights.ds > (
        select coalesce(max(published.ds), date '1970-01-01')
        from ops.nights as published
        where published.published_at is not null
    )
order by nights.ds
