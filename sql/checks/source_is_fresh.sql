-- warn: one row per source that brought events before and has brought none for two days up to the newest night.
select
    asset,
    max(ds) as last_ds
from intervals
where
    starts_with(asset, 'events.')
    and rows > 0
group by asset
having max(ds) < (select max(nights.ds) from nights) - 1
