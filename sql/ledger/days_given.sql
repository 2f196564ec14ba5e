-- One row per day of which a source gave a row to keep, made into events in the same way as now, and that is not held
-- back: how many rows, and their digest. Rows without a day count under 1970-01-01.
select
    days_given.ds,
    days_given.rows,
    days_given.digest
from ops.days_given as days_given
inner join ops.intervals as intervals using (asset, ds)
anti join ops.days_held_back as held_back
    on
        days_given.asset = held_back.asset
        and days_given.ds = held_back.ds
where
    days_given.asset = $asset
    and days_given.made_of = $made_of
    and intervals.status = 'done'
    and (intervals.rows_in > intervals.quarantined or days_given.ds = date '1970-01-01')
    and (days_given.ds between $first_ds and $last_ds or days_given.ds = date '1970-01-01')
order by days_given.ds
