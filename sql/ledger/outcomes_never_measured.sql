-- One row per published night without outcomes, between two days, whose night before has a published ranking.
select nights.ds
from ops.nights as nights
where
    nights.ds between $first_ds and $last_ds
    and nights.status in ('OK', 'OK_WITH_WARNINGS')
    and nights.ds in (
        select nights_before.ds + 1
        from ops.nights as nights_before
        where nights_before.status in ('OK', 'OK_WITH_WARNINGS')
    )
    and nights.ds not in (
        select intervals.ds
        from ops.intervals as intervals
        where intervals.asset = 'outcomes'
    )
order by nights.ds
