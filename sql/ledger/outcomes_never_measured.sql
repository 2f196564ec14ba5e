-- One row per published night without outcomes, between two days, whose night before has a published ranking.
select nights.ds
from ops.nights as nights
inner join ops.nights as nights_before
    on nights.ds - 1 = nights_before.ds
left join ops.intervals as intervals
    on
        intervals.asset = 'outcomes'
        and intervals.ds = nights.ds
where
    nights.ds between $first_ds and $last_ds
    and nights.status in ('OK', 'OK_WITH_WARNINGS')
    and nights_before.status in ('OK', 'OK_WITH_WARNINGS')
    and intervals.ds is null
order by nights.ds
